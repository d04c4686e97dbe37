-- Runs once, when the volume is empty. Three roles, as the embedded server has them: the owner
-- makes tables, the service reads and writes rows, and neither can do more.
\set owner_password `cat /run/secrets/owner_password`
\set service_password `cat /run/secrets/service_password`

CREATE ROLE gatehouse_service NOLOGIN;
CREATE ROLE gatehouse_owner LOGIN PASSWORD :'owner_password';
CREATE ROLE gatehouse LOGIN PASSWORD :'service_password' IN ROLE gatehouse_service;

CREATE DATABASE gatehouse OWNER gatehouse_owner TEMPLATE template0 ENCODING 'UTF8';
-- By default everybody may connect to every database and make temporary tables there.
REVOKE ALL ON DATABASE gatehouse, postgres, template1 FROM PUBLIC;
GRANT CONNECT ON DATABASE gatehouse TO gatehouse_service;
