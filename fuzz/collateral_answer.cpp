// What services answer and what files of a cache hold: an entry that is read is written the same, and one
// that is checked is about the item that was asked for.
#include "collateral/entry.h"
#include "collateral/fetch.h"
#include "fuzz/fuzz.h"

// A byte that says which item was asked for, a header's value, a zero, and the body; or a file.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace seatls;
  using namespace seatls::collateral;
  using appraise::intel::Tee;
  using appraise::snp::SigningKey;
  static const std::vector<Item> items = {appraise::TcbInfoOf{Tee::tdx, {0x51, 0x4d, 0x55, 0x4c, 0, 0}},
                                          appraise::QeIdentityOf{Tee::tdx},
                                          appraise::PckCrlOf{appraise::PckCa::platform},
                                          appraise::IntelRootCrl{},
                                          appraise::VcekOf{SnpProduct::genoa, Bytes(64, 0xC1), {}},
                                          appraise::AmdChainOf{SnpProduct::genoa, SigningKey::vcek},
                                          appraise::AmdCrlOf{SnpProduct::genoa, SigningKey::vcek}};
  static const Trust trust;
  const std::string_view in(reinterpret_cast<const char*>(data), size);

  const auto demand_same = [](const Entry& e) {
    const auto text = write_entry(e);
    if (!text) return;  // content that is no UTF-8 is not kept
    const auto again = read_entry(*text);
    fuzz::demand(again && again->name == e.name && again->content == e.content &&
                 again->issuer_chain == e.issuer_chain);
  };
  if (auto entry = read_entry(in)) {
    demand_same(*entry);
    for (const auto& item : items)
      if (const auto checked = check_entry(*entry, item, trust, Time{}))
        fuzz::demand(checked->from <= Time{} && checked->until > Time{});
  }
  if (in.empty()) return 0;
  const auto& item = items[data[0] % items.size()];
  const auto zero = std::min(in.find('\0', 1), in.size());
  HttpResponse response;
  response.status = 200;
  const std::string header(in.substr(1, zero - 1));
  for (const char* name :
       {"tcb-info-issuer-chain", "sgx-enclave-identity-issuer-chain", "sgx-pck-crl-issuer-chain"})
    response.headers.emplace_back(name, header);
  response.body = bytes(view(in.substr(std::min(zero + 1, in.size()))));
  const auto entry = entry_of(item, response);
  if (!entry) return 0;
  fuzz::demand(entry->name == name_of(item));
  demand_same(*entry);
  for (const char* name : {"tcbInfo", "enclaveIdentity"})
    if (const auto split = split_document(entry->content, name))
      fuzz::demand(entry->content.find(split->raw) != std::string::npos);
  (void)check_entry(*entry, item, trust, Time{});
  return 0;
}
