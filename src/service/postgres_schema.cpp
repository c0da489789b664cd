#include "service/postgres_database.h"

namespace seatls::service {

SqlSchema postgres_schema() {
  return {
      // to_regclass would ask a cache of this connection, which may not know yet what another one has just
      // made.
      R"sql(SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname = 'seatls' AND c.relname = 'seatls_schema' AND c.relkind = 'r')sql",
      R"sql(CREATE SCHEMA IF NOT EXISTS seatls;
            CREATE TABLE seatls.seatls_schema (
              version bigint PRIMARY KEY,
              applied timestamptz NOT NULL DEFAULT now()
            );)sql",
      {
          // 1
          R"sql(
CREATE TABLE session (
  id text COLLATE "C" PRIMARY KEY,
  nonce bytea NOT NULL,
  tik bytea,
  binds_tik bigint NOT NULL,
  expires bigint NOT NULL,
  status text NOT NULL CHECK (status IN ('waiting', 'processing', 'complete', 'failed')),
  evidence_type text NOT NULL,
  evidence_digest bytea NOT NULL,
  evidence bytea NOT NULL,
  result text NOT NULL
);
CREATE INDEX session_expires ON session (expires);

CREATE TABLE spent_nonce (
  digest bytea PRIMARY KEY,
  until bigint NOT NULL
);
CREATE INDEX spent_nonce_until ON spent_nonce (until);

CREATE TABLE tally (
  shard bigint PRIMARY KEY,
  sessions bigint NOT NULL,
  nonces bigint NOT NULL
) WITH (fillfactor = 10);
INSERT INTO tally SELECT shard, 0, 0 FROM generate_series(0, 15) AS shard;

CREATE TABLE written (
  id bytea PRIMARY KEY,
  at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX written_at ON written (at);

CREATE FUNCTION is_only_added_to() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is only added to', TG_TABLE_NAME;
END $$;

CREATE TABLE verdict (
  seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at bigint NOT NULL,
  session_digest bytea NOT NULL,
  evidence_digest bytea NOT NULL,
  scheme text NOT NULL,
  tier text NOT NULL,
  policies text NOT NULL,
  codes text NOT NULL,
  key_id text NOT NULL
);
CREATE TRIGGER verdict_stays BEFORE UPDATE ON verdict EXECUTE FUNCTION is_only_added_to();

CREATE TABLE policy (
  name text COLLATE "C" NOT NULL,
  version bigint NOT NULL CHECK (version > 0),
  body text NOT NULL,
  added bigint NOT NULL,
  PRIMARY KEY (name, version)
);
CREATE TRIGGER policy_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON policy EXECUTE FUNCTION is_only_added_to();

CREATE TABLE activation (
  seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name text COLLATE "C" NOT NULL,
  version bigint NOT NULL,
  before bigint REFERENCES activation (seq),
  at bigint NOT NULL
);
CREATE INDEX activation_name ON activation (name, seq);
CREATE TRIGGER activation_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON activation
  EXECUTE FUNCTION is_only_added_to();

CREATE TABLE endorsement (
  seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  digest bytea NOT NULL UNIQUE,
  type text NOT NULL,
  document bytea NOT NULL,
  added bigint NOT NULL,
  active bigint NOT NULL
);

CREATE TABLE judging (
  single bigint PRIMARY KEY CHECK (single = 1),
  revision bigint NOT NULL
);
INSERT INTO judging VALUES (1, 0);

CREATE TABLE signing_key (
  seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id text COLLATE "C" NOT NULL UNIQUE,
  jwk text NOT NULL,
  until bigint NOT NULL
);
)sql",
      },
  };
}

}  // namespace seatls::service
