#!/usr/bin/env bash
# Starts the composition from an image that is already built, calls it through nginx, and stops
# it. For CI: it removes the composition and its volumes.
set -euo pipefail
cd "$(dirname "$0")"
export PUBLIC_URL="${PUBLIC_URL:-https://gatehouse.example.com}"

end() {
  status=$?
  [ "$status" -eq 0 ] || docker compose logs --no-color --tail 50
  docker compose down --volumes --remove-orphans
}
trap end EXIT

bash make-secrets.sh
docker compose --profile redis up --detach --no-build --wait --wait-timeout 180
curl --fail --silent --show-error --retry 5 --retry-connrefused http://127.0.0.1:8080/health/ready
# As whoever ends TLS would ask; in the clear the API answers nothing.
curl --fail --silent --show-error --header 'X-Forwarded-Proto: https' http://127.0.0.1:8080/api/v1/info
refused="$(curl --silent --output /dev/null --write-out '%{http_code}' http://127.0.0.1:8080/api/v1/info)"
[ "$refused" = 403 ]

container="$(docker compose ps --quiet gatehouse)"
[ "$(docker exec "$container" id -u)" = 10001 ]
if docker exec "$container" touch /app/written 2>/dev/null; then
  echo 'The root filesystem is writable' >&2
  exit 1
fi

docker compose stop gatehouse
code="$(docker inspect --format '{{.State.ExitCode}}' "$container")"
[ "$code" = 0 ] || { echo "SIGTERM ended the service with $code" >&2; exit 1; }
echo 'The composition works'
