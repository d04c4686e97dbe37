#!/usr/bin/env bash
# Makes the secret files that compose.yaml hands to the containers. What exists is kept, so it
# may run again; to change a secret see docs/operations/deploy.md.
set -euo pipefail
cd "$(dirname "$0")"

# Containers read the files under user ids that do not exist here, so everybody may read them,
# but only our own user gets into the folder.
umask 022
mkdir -p -m 0700 secrets

make() {
  [ -s "secrets/$1" ] && return
  printf '%s\n' "$2" >"secrets/$1.draft"
  mv "secrets/$1.draft" "secrets/$1"
  echo "made secrets/$1"
}

for name in master_key postgres_password owner_password service_password redis_password; do
  make "$name" "$(od -An -v -N32 -tx1 /dev/urandom | tr -d ' \n')"
done
make connections.env "\
DATABASE_URL=postgres://gatehouse:$(<secrets/service_password)@postgres:5432/gatehouse
MIGRATION_DATABASE_URL=postgres://gatehouse_owner:$(<secrets/owner_password)@postgres:5432/gatehouse"
make redis.acl "\
user default on nopass resetchannels -@all +ping
user gatehouse on >$(<secrets/redis_password) ~* &* +@all -@admin -@dangerous +info"
