#include "control/inventory_database.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <nlohmann/json.hpp>
#include <system_error>
#include <unordered_map>
#include <vector>

#include "control/inventory.h"
#include "control/sqlite.h"
#include "dataplane/base/ascii.h"
#include "tls_proxy/certificate/description.h"

namespace limpid::control {

namespace {

constexpr std::int64_t kApplicationId = 0x6c706964;  // "lpid", in the file's header
constexpr std::int64_t kSchemaVersion = 1;           // user_version

// Version 1. A later version adds a step to migrate(); what stands here does not change any more.
constexpr const char* kTables = R"(
CREATE TABLE certificates (
  id INTEGER PRIMARY KEY,
  sha256 TEXT NOT NULL UNIQUE,
  der BLOB NOT NULL,
  subject TEXT NOT NULL,
  issuer TEXT NOT NULL,
  names TEXT NOT NULL,              -- JSON array
  serial TEXT NOT NULL,
  not_before INTEGER NOT NULL,      -- Unix seconds, as all times here
  not_after INTEGER NOT NULL,
  key_kind TEXT NOT NULL,
  key_bits INTEGER NOT NULL,
  signature_algorithm TEXT NOT NULL,
  self_signed INTEGER NOT NULL
) STRICT;
CREATE INDEX certificates_by_expiry ON certificates (not_after);
CREATE TABLE sightings (
  id INTEGER PRIMARY KEY,
  certificate INTEGER NOT NULL REFERENCES certificates (id),
  server_ip TEXT NOT NULL,
  server_port INTEGER NOT NULL,
  sni TEXT NOT NULL,                -- '' where there was none
  intercepted INTEGER NOT NULL,     -- else seen in a passed flow
  outcome TEXT NOT NULL,            -- '' where it was not verified
  detail TEXT NOT NULL,
  chain TEXT NOT NULL,              -- JSON array of sha256, leaf first
  first_seen INTEGER NOT NULL,
  last_seen INTEGER NOT NULL,
  count INTEGER NOT NULL,
  UNIQUE (certificate, server_ip, server_port, sni, intercepted, outcome)
) STRICT;
CREATE INDEX sightings_by_time ON sightings (last_seen);
)";

constexpr const char* kFindCertificate = "SELECT id FROM certificates WHERE sha256 = ?1";
constexpr const char* kAddCertificate = R"(
INSERT INTO certificates (sha256, der, subject, issuer, names, serial, not_before, not_after, key_kind,
  key_bits, signature_algorithm, self_signed)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12) RETURNING id)";
constexpr const char* kAddSighting = R"(
INSERT INTO sightings (certificate, server_ip, server_port, sni, intercepted, outcome, detail, chain,
  first_seen, last_seen, count)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
ON CONFLICT (certificate, server_ip, server_port, sni, intercepted, outcome) DO UPDATE SET
  detail = excluded.detail, chain = excluded.chain, first_seen = min(first_seen, excluded.first_seen),
  last_seen = max(last_seen, excluded.last_seen), count = count + excluded.count)";

constexpr const char* kRemoveSightings = "DELETE FROM sightings WHERE last_seen < ?1";
constexpr const char* kRepeatSighting = R"(
UPDATE sightings SET last_seen = max(last_seen, ?7), count = count + ?8
WHERE certificate = (SELECT id FROM certificates WHERE sha256 = ?1) AND server_ip = ?2 AND server_port = ?3
  AND sni = ?4 AND intercepted = ?5 AND outcome = ?6)";
// A certificate stays as long as it is the leaf of a sighting, or stands in the chain of one.
constexpr const char* kRemoveCertificates = R"(
DELETE FROM certificates WHERE id NOT IN (SELECT certificate FROM sightings)
  AND sha256 NOT IN (SELECT value FROM sightings, json_each(sightings.chain)))";

constexpr const char* kSelect = R"(
SELECT c.sha256, c.subject, c.issuer, c.names, c.serial, c.not_before, c.not_after, c.key_kind, c.key_bits,
  c.signature_algorithm, c.self_signed, s.server_ip, s.server_port, s.sni, s.intercepted, s.outcome, s.detail,
  s.first_seen, s.last_seen, s.count, s.chain
FROM sightings AS s JOIN certificates AS c ON c.id = s.certificate
WHERE (?1 = '' OR instr(lower(s.sni), ?1) OR instr(lower(c.subject), ?1) OR instr(lower(c.names), ?1)
    OR instr(s.server_ip, ?1))
  AND c.not_after <= ?2
)";
constexpr const char* kByLastSeen = "ORDER BY s.last_seen DESC, s.id DESC LIMIT ?3";
constexpr const char* kByExpiry = "ORDER BY c.not_after, s.id LIMIT ?3";

std::string json_array(const std::vector<std::string>& texts) {
  return nlohmann::json(texts).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::vector<std::string> texts_of(const std::string& json_array) {
  std::vector<std::string> texts;
  const nlohmann::json json = nlohmann::json::parse(json_array, nullptr, false);
  if (!json.is_array()) return texts;
  for (const auto& text : json) {
    if (text.is_string()) texts.push_back(text.get<std::string>());
  }
  return texts;
}

std::int64_t unix_seconds(WallTime time) {
  return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}

/// SQLite would make it readable to everybody; the files beside it take over its mode.
void create_for_owner(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0) throw SqliteError{path + ": " + std::generic_category().message(errno)};
  ::close(descriptor);
}

void migrate(Sqlite& database, const std::string& path) {
  const std::int64_t version = database.number("PRAGMA user_version");
  const bool empty = database.number("SELECT count(*) FROM sqlite_master") == 0;
  if (!empty && database.number("PRAGMA application_id") != kApplicationId) {
    throw SqliteError{path + ": is a database, but not an inventory of limpid"};
  }
  if (version > kSchemaVersion) throw SqliteError{path + ": was made by a newer limpid"};
  if (version == kSchemaVersion) return;
  database.run("BEGIN IMMEDIATE");
  if (version < 1) database.run(kTables);
  database.run(("PRAGMA application_id = " + std::to_string(kApplicationId)).c_str());
  database.run(("PRAGMA user_version = " + std::to_string(kSchemaVersion)).c_str());
  database.run("COMMIT");
}

}  // namespace

class InventoryDatabase::Connection {
 public:
  explicit Connection(const std::string& path) : database_(opened(path)) {
    find_certificate_.emplace(database_, kFindCertificate);
    add_certificate_.emplace(database_, kAddCertificate);
    add_sighting_.emplace(database_, kAddSighting);
    repeat_sighting_.emplace(database_, kRepeatSighting);
  }

  void write(const std::list<Sighting>& sightings) {
    database_.run("BEGIN IMMEDIATE");
    for (const Sighting& sighting : sightings) write(sighting);
    database_.run("COMMIT");
  }

  std::uint64_t remove_unseen_since(WallTime time) {
    database_.run("BEGIN IMMEDIATE");
    Statement sightings(database_, kRemoveSightings);
    sightings.bind(1, unix_seconds(time));
    sightings.step();
    const std::int64_t removed = database_.number("SELECT changes()");
    if (removed > 0) Statement(database_, kRemoveCertificates).step();
    database_.run("COMMIT");
    return static_cast<std::uint64_t>(removed);
  }

 private:
  static Sqlite opened(const std::string& path) {
    create_for_owner(path);
    Sqlite database(path, SQLITE_OPEN_READWRITE);
    database.run("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON");
    migrate(database, path);
    return database;
  }

  void write(const Sighting& sighting) {
    const certificate::ObservedCertificate& seen = sighting.latest;
    std::optional<std::int64_t> leaf;
    std::vector<std::string> chain;
    for (const std::string& der : seen.chain) {
      chain.push_back(certificate::sha256_hex(der));
      const std::optional<std::int64_t> id = certificate_id(chain.back(), der);
      if (!leaf) leaf = id;
      if (!leaf) return;  // not a certificate at all
    }
    if (!leaf) return repeat(sighting);
    const std::string ip = seen.facts.server.ip.text();
    const std::string fingerprints = json_array(chain);
    add_sighting_->bind(1, *leaf)
        .bind(2, ip)
        .bind(3, std::int64_t{seen.facts.server.port})
        .bind(4, seen.sni)
        .bind(5, std::int64_t{seen.intercepted})
        .bind(6, seen.outcome)
        .bind(7, seen.detail)
        .bind(8, fingerprints)
        .bind(9, unix_seconds(sighting.first_seen))
        .bind(10, unix_seconds(seen.seen))
        .bind(11, static_cast<std::int64_t>(sighting.count));
    add_sighting_->step();
    add_sighting_->reset();
  }

  /// Of what has been written before: the chain is not said again.
  void repeat(const Sighting& sighting) {
    const certificate::ObservedCertificate& seen = sighting.latest;
    const std::string ip = seen.facts.server.ip.text();
    repeat_sighting_->bind(1, seen.leaf)
        .bind(2, ip)
        .bind(3, std::int64_t{seen.facts.server.port})
        .bind(4, seen.sni)
        .bind(5, std::int64_t{seen.intercepted})
        .bind(6, seen.outcome)
        .bind(7, unix_seconds(seen.seen))
        .bind(8, static_cast<std::int64_t>(sighting.count));
    repeat_sighting_->step();
    repeat_sighting_->reset();
  }

  /// None where the DER is not a certificate.
  std::optional<std::int64_t> certificate_id(const std::string& sha256, const std::string& der) {
    find_certificate_->bind(1, sha256);
    const bool known = find_certificate_->step();
    const std::int64_t id = known ? find_certificate_->number(0) : 0;
    find_certificate_->reset();
    if (known) return id;
    const std::optional<certificate::Description> description = certificate::describe(der);
    if (!description) return std::nullopt;
    return add(*description, der);
  }

  std::int64_t add(const certificate::Description& description, const std::string& der) {
    const std::string names = json_array(description.names);
    add_certificate_->bind(1, description.sha256)
        .bind_blob(2, der)
        .bind(3, description.subject)
        .bind(4, description.issuer)
        .bind(5, names)
        .bind(6, description.serial)
        .bind(7, description.not_before_s)
        .bind(8, description.not_after_s)
        .bind(9, description.key_kind)
        .bind(10, std::int64_t{description.key_bits})
        .bind(11, description.signature_algorithm)
        .bind(12, std::int64_t{description.self_signed});
    add_certificate_->step();
    const std::int64_t id = add_certificate_->number(0);
    add_certificate_->reset();
    return id;
  }

  Sqlite database_;
  // Finalized before the database is closed.
  std::optional<Statement> find_certificate_;
  std::optional<Statement> add_certificate_;
  std::optional<Statement> add_sighting_;
  std::optional<Statement> repeat_sighting_;
};

Result<std::unique_ptr<InventoryDatabase>, std::string> InventoryDatabase::open(const std::string& path) {
  try {
    return std::unique_ptr<InventoryDatabase>(new InventoryDatabase(std::make_unique<Connection>(path)));
  } catch (const SqliteError& error) {
    return Failure{error.sentence};
  }
}

InventoryDatabase::InventoryDatabase(std::unique_ptr<Connection> connection)
    : connection_(std::move(connection)) {}
InventoryDatabase::~InventoryDatabase() = default;

std::optional<std::string> InventoryDatabase::write(const std::list<Sighting>& sightings) {
  try {
    connection_->write(sightings);
    return std::nullopt;
  } catch (const SqliteError& error) {
    return error.sentence;
  }
}

Result<std::uint64_t, std::string> InventoryDatabase::remove_unseen_since(WallTime time) {
  try {
    return connection_->remove_unseen_since(time);
  } catch (const SqliteError& error) {
    return Failure{error.sentence};
  }
}

namespace {

CertificateRow row_of(Statement& statement) {
  int column = 0;
  const auto text = [&] { return statement.text(column++); };
  const auto number = [&] { return statement.number(column++); };
  CertificateRow row;
  row.sha256 = text();
  row.subject = text();
  row.issuer = text();
  row.names = texts_of(text());
  row.serial = text();
  row.not_before_s = number();
  row.not_after_s = number();
  row.key_kind = text();
  row.key_bits = static_cast<std::uint32_t>(number());
  row.signature_algorithm = text();
  row.self_signed = number() != 0;
  row.server_ip = text();
  row.server_port = static_cast<std::uint16_t>(number());
  row.sni = text();
  row.intercepted = number() != 0;
  row.outcome = text();
  row.detail = text();
  row.first_seen_s = number();
  row.last_seen_s = number();
  row.count = static_cast<std::uint64_t>(number());
  row.chain = texts_of(text());
  return row;
}

}  // namespace

Result<std::vector<CertificateRow>, std::string> read_certificates(const std::string& database,
                                                                   const CertificateQuery& query,
                                                                   WallTime now) {
  constexpr std::int64_t kDay_s = 86'400;
  try {
    Sqlite connection(database, SQLITE_OPEN_READONLY);
    if (connection.number("PRAGMA application_id") != kApplicationId) {
      return Failure{database + ": is not an inventory of limpid"};
    }
    const std::string sql = std::string(kSelect) + (query.expiring_days ? kByExpiry : kByLastSeen);
    Statement statement(connection, sql.c_str());
    const std::string host = small_letters(query.host);
    const std::int64_t not_after = query.expiring_days ? unix_seconds(now) + kDay_s * *query.expiring_days
                                                       : std::numeric_limits<std::int64_t>::max();
    statement.bind(1, host).bind(2, not_after).bind(3, std::int64_t{query.limit});
    std::vector<CertificateRow> rows;
    while (statement.step()) rows.push_back(row_of(statement));
    return rows;
  } catch (const SqliteError& error) {
    return Failure{error.sentence};
  }
}

}  // namespace limpid::control
