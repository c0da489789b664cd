// Challenge and response: the API of Veraison's verification service, with three parameters of ours.
//
//   POST newSession?nonce=…|nonceSize=…[&tik=…[&binds=tik]]   201, Location, session
//   POST session/{id}    evidence                              200 and a session with its result
//   GET  session/{id}                                          200
//   DELETE session/{id}                                        204
#include <charconv>

#include "base/encoding.h"
#include "binder/passport_binder.h"
#include "crypto/hash.h"
#include "crypto/signature.h"
#include "rats/media_type.h"
#include "service/identifiers.h"
#include "service/routes.h"
#include "service/session_json.h"

namespace seatls::service {
namespace {

constexpr std::size_t usual_nonce = 32;
constexpr std::size_t largest_tik = 1024;  // bytes: RSA of 4096 bits has some 550

std::string hash_of(const std::string& id) {
  return base::to_hex(ByteView(crypto::digest(Hash::sha256, view(id))).first(8));
}

Result<Bytes> wanted_nonce(const Request& request) {
  SEATLS_TRY(const auto given, request.parameter("nonce"));
  SEATLS_TRY(const auto size, request.parameter("nonceSize"));
  if (given && size) return Error{Code::malformed, "nonce and nonceSize exclude each other", "nonce"};
  if (given) return read_nonce(*given);
  std::size_t count = usual_nonce;
  if (size) {
    const auto [end, failed] = std::from_chars(size->data(), size->data() + size->size(), count);
    if (failed != std::errc{} || end != size->data() + size->size() || count < 8 || count > 64)
      return Error{Code::malformed, "nonceSize must be a number from 8 to 64", "nonceSize"};
  }
  return make_nonce(count);
}

Result<std::optional<Bytes>> named_tik(const Request& request) {
  SEATLS_TRY(const auto text, request.parameter("tik"));
  if (!text) return std::optional<Bytes>();
  auto der = base::from_base64url(*text);
  if (!der || der->size() > largest_tik || !crypto::PublicKey::from_spki(*der))
    return Error{Code::malformed, "tik must be a DER SubjectPublicKeyInfo in base64url", "tik"};
  return std::optional<Bytes>(std::move(*der));
}

Result<bool> binds_tik(const Request& request, bool tik_is_named) {
  SEATLS_TRY(const auto text, request.parameter("binds"));
  if (!text) return false;
  if (*text != "tik") return Error{Code::malformed, "binds may be \"tik\" alone", "binds"};
  if (!tik_is_named) return Error{Code::malformed, "binds=tik needs the parameter tik", "binds"};
  return true;
}

Result<Session> session_of(const Request& request) {
  Session session;
  SEATLS_TRY(session.nonce, wanted_nonce(request));
  SEATLS_TRY(session.tik, named_tik(request));
  SEATLS_TRY(session.binds_tik, binds_tik(request, session.tik.has_value()));
  session.id = make_uuid();
  return session;
}

void answer_session(Call& call, unsigned status, const Session& session,
                    const std::vector<std::string>& accept) {
  auto body = write_session(session, accept);
  if (!body) return call.fail(body.error());
  Response response{status, std::string(session_type), std::move(*body)};
  response.headers.emplace_back("Cache-Control", "no-store");
  if (status == 201) response.headers.emplace_back("Location", "session/" + session.id);
  call.answer(std::move(response));
}

bool wants_session(const Request& request) { return accepts(request.header("accept"), session_type); }

// bench_of returns who judges, or answers that nobody does.
std::shared_ptr<const Bench> bench_of(Call& call, std::uint64_t revision = 0) {
  auto bench = call.parts->judge->bench(revision);
  if (!bench) {
    call.told.note = bench.error().message();
    call.answer(unavailable(503, "the policies of this service cannot be used", 60));
    return nullptr;
  }
  if ((*bench)->seats.empty()) {
    call.told.note = "no policy is active";
    call.answer(unavailable(503, "no policy is active at this service", 60));
    return nullptr;
  }
  return *bench;
}

// Submission is a credential, and whose seat it comes before.
struct Submission {
  Cmw credential;
  const Bench::Seat* seat;
};

bool is_cmw_type(const std::string& type) {
  for (const auto* known :
       {"application/cmw", "application/cmw+cbor", "application/cmw+json", "application/vnd.veraison.cmw",
        "application/vnd.veraison.cmw+cbor", "application/vnd.veraison.cmw+json"})
    if (type == known) return true;
  return false;
}

// means_same tells whether two types are the same one, be it as a number and as a name.
bool means_same(const EvidenceType& a, const EvidenceType& b) {
  if (a == b) return true;
  const auto one = rats::base_type(a), other = rats::base_type(b);
  if (!one || !other || *one != *other) return false;
  const auto profile = rats::profile_of(a), other_profile = rats::profile_of(b);
  if (!profile || !other_profile) return !profile && !other_profile;
  return rats::same_profile(*profile, *other_profile);
}

const Bench::Seat* seat_for(const Bench& bench, const EvidenceType& type) {
  for (const auto& seat : bench.seats)
    if (means_same(std::get<EvidenceType>(seat.scheme.argument), type)) return &seat;
  return nullptr;
}

enum class Unusable : std::uint8_t { malformed, unsupported };
struct NoSubmission {
  Unusable why;
  std::string detail;
};

std::variant<Submission, NoSubmission> submission_of(const Bench& bench, const std::string& content_type,
                                                     const Bytes& body, std::size_t largest) {
  const auto parsed = rats::parse_media_type(content_type);
  if (!parsed) return NoSubmission{Unusable::unsupported, "the Content-Type is no media type"};
  const NoSubmission not_accepted{Unusable::unsupported, "evidence of this type is not accepted here"};
  if (!is_cmw_type(parsed->type)) {
    const auto* seat = seat_for(bench, MediaType{content_type});
    if (seat == nullptr) return not_accepted;
    return Submission{
        Cmw(CmwRecord{std::get<EvidenceType>(seat->scheme.argument), body, cmw_indicator::evidence}), seat};
  }
  auto cmw = parse_cmw(body, {.size = largest});
  if (!cmw) return NoSubmission{Unusable::malformed, "the body is no CMW: " + cmw.error().detail};
  if (const auto* collection = cmw->collection()) {
    const auto* seat = seat_for(bench, ContentFormat{rats::content_format::cmw_cbor});
    if (seat == nullptr) return not_accepted;
    return Submission{Cmw(*collection), seat};  // nothing was negotiated, the form neither
  }
  const auto* record = cmw->record();
  if ((record->indicator & cmw_indicator::attestation_results) != 0)
    return NoSubmission{Unusable::unsupported, "a result is no evidence"};
  const auto* seat = seat_for(bench, record->type);
  if (seat == nullptr) return not_accepted;
  return Submission{
      Cmw(CmwRecord{std::get<EvidenceType>(seat->scheme.argument), record->value, record->indicator}), seat};
}

Response refusal_of(const NoSubmission& reason, const Bench& bench) {
  if (reason.why == Unusable::malformed) return problem(400, reason.detail);
  auto response = problem(415, reason.detail);
  std::string types;
  for (const auto& type : bench.media_types()) types += (types.empty() ? "" : ", ") + type;
  response.headers.emplace_back("Accept", types);
  return response;
}

// Appraisal is a submission that was claimed, until its answer.
struct Appraisal {
  Call call;
  Session session;
  std::shared_ptr<const Bench> bench;
  const Bench::Seat* seat = nullptr;
  std::chrono::steady_clock::time_point begun = std::chrono::steady_clock::now();

  // The evidence vouches for the key where it was made over it, or names and proves it. A result of any other
  // names no key: it would lend the attester's good name to whoever asked.
  [[nodiscard]] bool vouches_for_tik(const AttestationResult& result) const {
    return session.tik && (session.binds_tik || result->key == KeyProvenance::proven);
  }

  void conclude(const Result<AttestationResult>& judged) {
    if (!judged) return give_up(judged.error());
    const auto& parts = *call.parts;
    const auto& result = *judged;
    const auto now = parts.clock();
    std::optional<Spki> tik;
    if (vouches_for_tik(result)) tik = Spki(*session.tik);
    auto signed_result =
        parts.signer->sign(result, {session.nonce, session.evidence_digest, tik ? &*tik : nullptr}, now);
    if (!signed_result) return give_up(signed_result.error());

    Verdict verdict{.at = now,
                    .session_digest = crypto::digest(Hash::sha256, view(session.id)),
                    .evidence_digest = session.evidence_digest,
                    .scheme = seat->name,
                    .tier = result.tier(),
                    .policies = result->policy_ids,
                    .codes = {},
                    .key_id = signed_result->key_id};
    for (const auto& reason : result->reasons)
      if (reason.fatal) verdict.codes.emplace_back(name(reason.code));
    if (auto kept = parts.store->complete_session(session.id, signed_result->token, verdict); !kept)
      return call.fail(kept.error());
    parts.metrics->appraised(seat->name, result.tier(), std::chrono::steady_clock::now() - begun);
    if (!verdict.codes.empty()) call.told.note = "refused: " + verdict.codes.front();
    session.status = Session::Status::complete;
    session.result = std::move(signed_result->token);
    answer_session(call, 200, session, bench->media_types());
  }

  // No judgement was reached: the session is spent all the same.
  void give_up(const Error& why) {
    if (const auto ended = call.parts->store->fail_session(session.id); !ended)
      return call.fail(ended.error());
    call.fail(why);
  }
};

void appraise(std::shared_ptr<Appraisal> appraisal, Cmw credential) {
  const auto& session = appraisal->session;
  const Spki tik(session.tik.value_or(Bytes()));
  // Nothing ties these bytes to a connection: whoever asks knows what they are.
  const auto binder = danger::binder_from_bytes(
      session.binds_tik ? binder::passport_binder(session.nonce, tik) : session.nonce,
      session.nonce.size() == size(Hash::sha384) && !session.binds_tik ? Hash::sha384 : Hash::sha256, tik);
  AppraisalRequest request{appraisal->seat->scheme, std::move(credential), binder, session.evidence_digest};
  auto& verifier = *appraisal->seat->verifier;
  verifier.appraise(std::move(request), [appraisal = std::move(appraisal)](Result<AttestationResult> judged) {
    appraisal->conclude(judged);
  });
}

}  // namespace

void new_session(Call call) {
  if (!wants_session(call.request))
    return call.answer(problem(406, "a session is " + std::string(session_type)));
  auto session = session_of(call.request);
  if (!session) return call.answer(problem(400, session.error().detail));
  const auto bench = bench_of(call);
  if (!bench) return;
  const auto now = call.parts->clock();
  session->expires = now + call.parts->options.session_lifetime;
  call.told.session = hash_of(session->id);
  const auto opened = call.parts->store->open_session(*session, now);
  if (!opened) return call.fail(opened.error());
  switch (*opened) {
    case Store::Opened::opened: return answer_session(call, 201, *session, bench->media_types());
    case Store::Opened::nonce_spent: return call.answer(problem(409, "this nonce was used before"));
    case Store::Opened::full: return call.answer(unavailable(503, "too many sessions are open", 5));
  }
}

void submit_evidence(Call call) {
  const std::string id = call.arguments.front();
  call.told.session = hash_of(id);
  if (!is_uuid(id)) return call.answer(problem(404, "there is no such session"));
  if (!wants_session(call.request))
    return call.answer(problem(406, "a session is " + std::string(session_type)));
  const auto& options = call.parts->options;
  const auto& body = call.request.body;
  if (body.empty()) return call.answer(problem(400, "there is no evidence in the body"));
  if (body.size() > options.largest_evidence)
    return call.answer(
        problem(413, "evidence may have " + std::to_string(options.largest_evidence) + " bytes"));
  auto bench = bench_of(call);
  if (!bench) return;
  // What cannot be judged at all spends no session.
  const auto content_type = call.request.header("content-type");
  auto submission = submission_of(*bench, content_type, body, options.largest_evidence);
  if (const auto* reason = std::get_if<NoSubmission>(&submission))
    return call.answer(refusal_of(*reason, *bench));

  Store::Evidence evidence{content_type, crypto::digest(Hash::sha256, body), {}};
  if (options.retain_evidence) evidence.retained = body;
  auto claim = call.parts->store->claim_session(id, evidence, call.parts->clock());
  if (!claim) return call.fail(claim.error());
  if (claim->outcome == Store::Claim::Outcome::unknown || !claim->session) {
    if (claim->outcome == Store::Claim::Outcome::spent)
      return call.answer(problem(409, "this session has its evidence already"));
    return call.answer(problem(404, "there is no such session"));
  }
  auto appraisal = std::make_shared<Appraisal>();
  appraisal->call = std::move(call);
  appraisal->session = std::move(*claim->session);
  // Another replica may have changed the policies since: those of the claim's moment judge.
  auto current = appraisal->call.parts->judge->bench(claim->revision);
  if (!current) return appraisal->give_up(current.error());
  const auto* seat = std::get<Submission>(submission).seat;
  appraisal->bench = *current;
  appraisal->seat = appraisal->bench->find(seat->scheme);
  if (appraisal->seat == nullptr)
    return appraisal->give_up(Error{Code::verifier_unavailable, "the policies were changed meanwhile", ""});
  appraise(std::move(appraisal), std::move(std::get<Submission>(submission).credential));
}

void read_session(Call call) {
  const std::string id = call.arguments.front();
  call.told.session = hash_of(id);
  if (!wants_session(call.request))
    return call.answer(problem(406, "a session is " + std::string(session_type)));
  if (!is_uuid(id)) return call.answer(problem(404, "there is no such session"));
  const auto session = call.parts->store->find_session(id, call.parts->clock());
  if (!session) return call.fail(session.error());
  if (!*session) return call.answer(problem(404, "there is no such session"));
  const auto bench = bench_of(call);
  if (bench) answer_session(call, 200, **session, bench->media_types());
}

void delete_session(Call call) {
  const std::string id = call.arguments.front();
  call.told.session = hash_of(id);
  const auto deleted = is_uuid(id) ? call.parts->store->delete_session(id, call.parts->clock()) : false;
  if (!deleted) return call.fail(deleted.error());
  if (!*deleted) return call.answer(problem(404, "there is no such session"));
  call.answer({204, {}, {}});
}

}  // namespace seatls::service
