#include "preload/elf.h"

#include <elf.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "preload/program.h"

namespace seatls::preload {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::StartsWith;

const Bytes& own_file() {
  static const Bytes whole = [] {
    std::ifstream in("/proc/self/exe", std::ios::binary);
    return Bytes(std::istreambuf_iterator<char>(in), {});
  }();
  return whole;
}

// A program with two headers, a dynamic section and its strings.
Bytes small_program(std::string_view strings, std::vector<Elf64_Dyn> entries, bool interpreter = true) {
  Elf64_Ehdr head{};
  std::memcpy(head.e_ident, own_file().data(), EI_NIDENT);
  head.e_machine = reinterpret_cast<const Elf64_Ehdr*>(own_file().data())->e_machine;
  head.e_phoff = sizeof head;
  head.e_phentsize = sizeof(Elf64_Phdr);
  head.e_phnum = 3;
  const std::size_t dynamic = sizeof head + 3 * sizeof(Elf64_Phdr);
  entries.push_back({DT_STRTAB, {0x1000 + dynamic + (entries.size() + 3) * sizeof(Elf64_Dyn)}});
  entries.push_back({DT_STRSZ, {strings.size()}});
  entries.push_back({DT_NULL, {0}});
  const std::size_t text = dynamic + entries.size() * sizeof(Elf64_Dyn);
  Elf64_Phdr headers[3] = {};
  headers[0].p_type = PT_LOAD;
  headers[0].p_vaddr = 0x1000;
  headers[0].p_filesz = text + strings.size();
  headers[1].p_type = PT_DYNAMIC;
  headers[1].p_offset = dynamic;
  headers[1].p_filesz = entries.size() * sizeof(Elf64_Dyn);
  headers[2].p_type = interpreter ? PT_INTERP : PT_NULL;
  Bytes file(text);
  std::memcpy(file.data(), &head, sizeof head);
  std::memcpy(file.data() + sizeof head, headers, sizeof headers);
  std::memcpy(file.data() + dynamic, entries.data(), entries.size() * sizeof(Elf64_Dyn));
  file.insert(file.end(), strings.begin(), strings.end());
  return file;
}

constexpr std::string_view names("\0libssl.so.3\0$ORIGIN/x:/y\0", 26);

TEST(PreloadElf, ReadsThisProgram) {
  const auto facts = read_elf(own_file());
  ASSERT_TRUE(facts.ok()) << facts.error().message();
  EXPECT_TRUE(facts->native);
  EXPECT_TRUE(facts->dynamic);
  EXPECT_THAT(facts->needed, Contains(StartsWith("libc.so")));
}

TEST(PreloadElf, ReadsNamesAndFolders) {
  const auto facts = read_elf(small_program(names, {{DT_NEEDED, {1}}, {DT_RUNPATH, {13}}}));
  ASSERT_TRUE(facts.ok()) << facts.error().message();
  EXPECT_EQ(facts->needed, std::vector<std::string>{"libssl.so.3"});
  EXPECT_EQ(facts->search, (std::vector<std::string>{"$ORIGIN/x", "/y"}));
  EXPECT_TRUE(facts->dynamic);
  EXPECT_FALSE(read_elf(small_program(names, {}, false))->dynamic);
}

TEST(PreloadElf, WhatLeavesTheFileIsRefused) {
  EXPECT_FALSE(read_elf(small_program(names, {{DT_NEEDED, {1000}}})).ok());
  // The last string has no end.
  EXPECT_FALSE(read_elf(small_program(names.substr(0, 8), {{DT_NEEDED, {1}}})).ok());
  const Bytes whole = small_program(names, {{DT_NEEDED, {1}}});
  for (std::size_t n = 0; n < whole.size(); ++n) {
    const auto facts = read_elf(ByteView(whole).first(n));
    EXPECT_TRUE(!facts.ok() || facts->needed.empty()) << n;
  }
}

TEST(PreloadElf, AnyByteMayBeAnother) {
  const Bytes whole = small_program(names, {{DT_NEEDED, {1}}});
  for (std::size_t n = 0; n < whole.size(); ++n)
    for (const int bit : {0x01, 0x40, 0x80, 0xff}) {
      Bytes other = whole;
      other[n] = static_cast<std::uint8_t>(other[n] ^ bit);
      (void)read_elf(other).ok();
    }
}

TEST(PreloadElf, AForeignProgramIsNotNative) {
  Bytes file = small_program(names, {});
  file[EI_CLASS] = ELFCLASS32;
  const auto facts = read_elf(file);
  ASSERT_TRUE(facts.ok());
  EXPECT_FALSE(facts->native);
}

// ---- whole programs

class Programs : public testing::Test {
 protected:
  void SetUp() override {
    char folder[] = "/tmp/seatls-preload-XXXXXX";
    ASSERT_NE(mkdtemp(folder), nullptr);
    folder_ = folder;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string make(const char* name, ByteView content) {
    const auto path = folder_ / name;
    std::ofstream(path, std::ios::binary)
        .write(reinterpret_cast<const char*>(content.data()), static_cast<std::streamsize>(content.size()));
    std::filesystem::permissions(path, std::filesystem::perms::owner_all);
    return path;
  }
  std::filesystem::path folder_;
};

TEST_F(Programs, OneThatLinksOpenSsl) {
  const auto found = examine(make("good", small_program(names, {{DT_NEEDED, {1}}})));
  ASSERT_TRUE(found.ok()) << found.error().message();
  EXPECT_TRUE(found->links_openssl);
}

TEST_F(Programs, OneWhoseLibraryLinksOpenSsl) {
  constexpr std::string_view library("\0libmine.so\0$ORIGIN\0", 20);
  make("libmine.so", small_program(names, {{DT_NEEDED, {1}}}));
  const auto found = examine(make("good", small_program(library, {{DT_NEEDED, {1}}, {DT_RPATH, {12}}})));
  ASSERT_TRUE(found.ok()) << found.error().message();
  EXPECT_TRUE(found->links_openssl);
}

TEST_F(Programs, WhatCannotBeCoveredIsRefused) {
  constexpr std::string_view gnutls("\0libgnutls.so.30\0", 17);
  const auto other = examine(make("other", small_program(gnutls, {{DT_NEEDED, {1}}})));
  ASSERT_FALSE(other.ok());
  EXPECT_THAT(other.error().detail, HasSubstr("GnuTLS"));
  const auto fixed = examine(make("static", small_program(names, {}, false)));
  ASSERT_FALSE(fixed.ok());
  EXPECT_THAT(fixed.error().detail, HasSubstr("statically"));
  Bytes foreign = small_program(names, {});
  foreign[EI_CLASS] = ELFCLASS32;
  const auto small = examine(make("small", foreign));
  ASSERT_FALSE(small.ok());
  EXPECT_THAT(small.error().detail, HasSubstr("word size"));
}

TEST_F(Programs, ScriptsAreFollowed) {
  const auto target = make("good", small_program(names, {{DT_NEEDED, {1}}}));
  const auto found = examine(make("script", view("#! " + target + " -x\n")));
  ASSERT_TRUE(found.ok()) << found.error().message();
  EXPECT_TRUE(found->links_openssl);
  EXPECT_EQ(found->judged, target);
  const auto self = folder_ / "loop";
  EXPECT_FALSE(examine(make("loop", view("#!" + self.string() + "\n"))).ok());
  EXPECT_FALSE(examine(make("empty", view("#!\n"))).ok());
  EXPECT_FALSE(examine("/nonexistent/program").ok());
}

}  // namespace
}  // namespace seatls::preload
