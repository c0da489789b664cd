#include "service/sqlite_database.h"

namespace seatls::service {

SqlSchema sqlite_schema() {
  return {
      R"sql(SELECT CASE WHEN EXISTS (SELECT 1 FROM sqlite_master WHERE name = 'seatls_schema') THEN 1
                        WHEN EXISTS (SELECT 1 FROM sqlite_master) THEN 2 ELSE 0 END)sql",
      R"sql(CREATE TABLE seatls_schema (version INTEGER PRIMARY KEY) STRICT;)sql",
      {
          // 1
          R"sql(
CREATE TABLE session (
  id TEXT PRIMARY KEY,
  nonce BLOB NOT NULL,
  tik BLOB,
  binds_tik INTEGER NOT NULL,
  expires INTEGER NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('waiting', 'processing', 'complete', 'failed')),
  evidence_type TEXT NOT NULL,
  evidence_digest BLOB NOT NULL,
  evidence BLOB NOT NULL,
  result TEXT NOT NULL
) STRICT;
CREATE INDEX session_expires ON session (expires);

CREATE TABLE spent_nonce (
  digest BLOB PRIMARY KEY,
  until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX spent_nonce_until ON spent_nonce (until);

CREATE TABLE tally (
  shard INTEGER PRIMARY KEY,
  sessions INTEGER NOT NULL,
  nonces INTEGER NOT NULL
) STRICT;
INSERT INTO tally VALUES (0, 0, 0);

CREATE TABLE verdict (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  at INTEGER NOT NULL,
  session_digest BLOB NOT NULL,
  evidence_digest BLOB NOT NULL,
  scheme TEXT NOT NULL,
  tier TEXT NOT NULL,
  policies TEXT NOT NULL,
  codes TEXT NOT NULL,
  key_id TEXT NOT NULL
) STRICT;
CREATE TRIGGER verdict_stays BEFORE UPDATE ON verdict
  BEGIN SELECT RAISE(ABORT, 'verdicts are not changed'); END;

CREATE TABLE policy (
  name TEXT NOT NULL,
  version INTEGER NOT NULL CHECK (version > 0),
  body TEXT NOT NULL,
  added INTEGER NOT NULL,
  PRIMARY KEY (name, version)
) STRICT;
CREATE TRIGGER policy_stays BEFORE UPDATE ON policy
  BEGIN SELECT RAISE(ABORT, 'policies are only added to'); END;
CREATE TRIGGER policy_is_kept BEFORE DELETE ON policy
  BEGIN SELECT RAISE(ABORT, 'policies are only added to'); END;

CREATE TABLE activation (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL,
  version INTEGER NOT NULL,
  before INTEGER REFERENCES activation (seq),
  at INTEGER NOT NULL
) STRICT;
CREATE INDEX activation_name ON activation (name, seq);
CREATE TRIGGER activation_stays BEFORE UPDATE ON activation
  BEGIN SELECT RAISE(ABORT, 'activations are only added to'); END;
CREATE TRIGGER activation_is_kept BEFORE DELETE ON activation
  BEGIN SELECT RAISE(ABORT, 'activations are only added to'); END;

CREATE TABLE endorsement (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  digest BLOB NOT NULL UNIQUE,
  type TEXT NOT NULL,
  document BLOB NOT NULL,
  added INTEGER NOT NULL,
  active INTEGER NOT NULL
) STRICT;

CREATE TABLE judging (
  single INTEGER PRIMARY KEY CHECK (single = 1),
  revision INTEGER NOT NULL
) STRICT;
INSERT INTO judging VALUES (1, 0);

CREATE TABLE signing_key (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  jwk TEXT NOT NULL,
  until INTEGER NOT NULL
) STRICT;
)sql",
      },
  };
}

}  // namespace seatls::service
