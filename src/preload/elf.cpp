#include "preload/elf.h"

#include <elf.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <string_view>

namespace seatls::preload {
namespace {

constexpr std::size_t most_headers = 1024, most_entries = 65'536, most_needed = 1024, longest_text = 4096;

#if defined(__x86_64__)
constexpr Elf64_Half own_machine = EM_X86_64;
#elif defined(__aarch64__)
constexpr Elf64_Half own_machine = EM_AARCH64;
#elif defined(__riscv)
constexpr Elf64_Half own_machine = EM_RISCV;
#elif defined(__powerpc64__)
constexpr Elf64_Half own_machine = EM_PPC64;
#elif defined(__s390x__)
constexpr Elf64_Half own_machine = EM_S390;
#else
constexpr Elf64_Half own_machine = EM_NONE;
#endif
constexpr unsigned char own_order = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? ELFDATA2LSB : ELFDATA2MSB;

Error malformed(const char* what) { return {Code::malformed, what, "ELF"}; }

// at copies a structure out of the file, aligned or not.
template <class T>
std::optional<T> at(ByteView file, std::uint64_t offset) {
  if (offset > file.size() || file.size() - offset < sizeof(T)) return std::nullopt;
  T value;
  std::memcpy(&value, file.data() + offset, sizeof(T));
  return value;
}

// text reads a string that ends with a zero inside of `table`.
std::optional<std::string> text(ByteView table, std::uint64_t offset) {
  if (offset >= table.size()) return std::nullopt;
  const ByteView rest = table.subspan(offset).first(std::min(table.size() - offset, longest_text));
  const auto end = std::find(rest.begin(), rest.end(), 0);
  if (end == rest.end()) return std::nullopt;
  return std::string(rest.begin(), end);
}

// file_offset finds where in the file an address of the program lies.
std::optional<std::uint64_t> file_offset(const std::vector<Elf64_Phdr>& headers, std::uint64_t address) {
  for (const auto& h : headers)
    if (h.p_type == PT_LOAD && address >= h.p_vaddr && address - h.p_vaddr < h.p_filesz)
      return h.p_offset + (address - h.p_vaddr);
  return std::nullopt;
}

void split(std::string_view list, std::vector<std::string>& into) {
  while (!list.empty()) {
    const auto colon = list.find(':');
    if (colon != 0) into.emplace_back(list.substr(0, colon));
    list = colon == std::string_view::npos ? std::string_view() : list.substr(colon + 1);
  }
}

Result<void> read_dynamic(ByteView file, const std::vector<Elf64_Phdr>& headers, const Elf64_Phdr& dynamic,
                          ElfFacts& facts) {
  std::uint64_t strings = 0, strings_size = 0;
  std::vector<Elf64_Dyn> named;
  const std::uint64_t count = std::min<std::uint64_t>(dynamic.p_filesz / sizeof(Elf64_Dyn), most_entries);
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto entry = at<Elf64_Dyn>(file, dynamic.p_offset + i * sizeof(Elf64_Dyn));
    if (!entry) return malformed("the dynamic section leaves the file");
    if (entry->d_tag == DT_NULL) break;
    if (entry->d_tag == DT_STRTAB) strings = entry->d_un.d_ptr;
    if (entry->d_tag == DT_STRSZ) strings_size = entry->d_un.d_val;
    if (entry->d_tag == DT_NEEDED || entry->d_tag == DT_RPATH || entry->d_tag == DT_RUNPATH)
      named.push_back(*entry);
    if (named.size() > most_needed) return malformed("it needs too many libraries");
  }
  if (named.empty()) return {};
  const auto offset = file_offset(headers, strings);
  if (!offset || *offset > file.size() || strings_size > file.size() - *offset)
    return malformed("its strings leave the file");
  const ByteView table = file.subspan(*offset, strings_size);
  for (const auto& entry : named) {
    auto name = text(table, entry.d_un.d_val);
    if (!name) return malformed("a name leaves its table");
    if (entry.d_tag == DT_NEEDED)
      facts.needed.push_back(std::move(*name));
    else
      split(*name, facts.search);
  }
  return {};
}

}  // namespace

bool is_elf(ByteView file) {
  return file.size() >= SELFMAG && std::memcmp(file.data(), ELFMAG, SELFMAG) == 0;
}

Result<ElfFacts> read_elf(ByteView file) {
  if (!is_elf(file)) return malformed("it does not begin as ELF does");
  if (file.size() < EI_NIDENT) return malformed("it ends too early");
  ElfFacts facts;
  if (file[EI_CLASS] != ELFCLASS64 || file[EI_DATA] != own_order) return facts;
  const auto head = at<Elf64_Ehdr>(file, 0);
  if (!head) return malformed("it ends too early");
  if (head->e_machine != own_machine) return facts;
  facts.native = true;
  if (head->e_phnum > most_headers || (head->e_phnum != 0 && head->e_phentsize != sizeof(Elf64_Phdr)))
    return malformed("its program headers cannot be read");
  std::vector<Elf64_Phdr> headers;
  for (std::size_t i = 0; i < head->e_phnum; ++i) {
    if (head->e_phoff > file.size()) return malformed("its program headers leave the file");
    const auto header = at<Elf64_Phdr>(file, head->e_phoff + i * sizeof(Elf64_Phdr));
    if (!header) return malformed("its program headers leave the file");
    headers.push_back(*header);
  }
  const auto of_type = [&](Elf64_Word type) {
    return std::find_if(headers.begin(), headers.end(), [type](const auto& h) { return h.p_type == type; });
  };
  const auto dynamic = of_type(PT_DYNAMIC);
  // A static program that can be moved has a dynamic section, and no loader.
  facts.dynamic = of_type(PT_INTERP) != headers.end();
  if (dynamic != headers.end()) {
    if (dynamic->p_offset > file.size()) return malformed("the dynamic section leaves the file");
    SEATLS_CHECK(read_dynamic(file, headers, *dynamic, facts));
  }
  return facts;
}

}  // namespace seatls::preload
