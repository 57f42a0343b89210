#include "config/ini.hpp"

#include <algorithm>

#include <gtest/gtest.h>

#include "vdk/base/error.hpp"

namespace vdk {
namespace {

// One line per key: "section.key@line=value", line ends shown as "|".
std::string dump(std::string_view text) {
  const IniFile ini = IniFile::parse(text, "config.ini");
  std::string dumped;
  for (const IniFile::Section& section : ini.sections()) {
    dumped += "[" + section.name + "]";
    for (const IniFile::Setting& setting : ini.settings(section.name)) {
      std::string value = setting.value;
      std::ranges::replace(value, '\n', '|');
      dumped += " " + setting.key + "@" + std::to_string(setting.line) + "=" + value + ";";
    }
  }
  return dumped;
}

struct ReadCase {
  const char* name;
  std::string_view text;
  std::string_view expected;
};

class IniRead : public testing::TestWithParam<ReadCase> {};

TEST_P(IniRead, as_configparser) { EXPECT_EQ(dump(GetParam().text), GetParam().expected); }

INSTANTIATE_TEST_SUITE_P(
    Files, IniRead,
    testing::Values(
        ReadCase{"nothing", "", ""}, ReadCase{"comments_only", "# a\n ; b\n\n", ""},
        ReadCase{"equals_and_colon", "[a]\nx=1\ny : 2\nz = 3=4:5\n",
                 "[a] x@2=1; y@3=2; z@4=3=4:5;"},
        ReadCase{"the_first_delimiter_counts", "[a]\nurl = http://h:1\nhttp://h = 1\n",
                 "[a] url@2=http://h:1; http@3=//h = 1;"},
        ReadCase{"keys_in_lower_case_sections_as_written",
                 "[Owner]\nTeam = Blue\n[owner]\nteam=red\n",
                 "[Owner] team@2=Blue;[owner] team@4=red;"},
        ReadCase{"empty_value", "[a]\nx =\ny=\n", "[a] x@2=; y@3=;"},
        ReadCase{"blanks_in_keys", "[a]\nmy key = 1\n", "[a] my key@2=1;"},
        ReadCase{"quotes_stay", "[a]\nx = \"q\"\n", "[a] x@2=\"q\";"},
        ReadCase{"no_inline_comments", "[a]\nx = 1 # no ; comment\n", "[a] x@2=1 # no ; comment;"},
        ReadCase{"a_value_may_begin_like_a_comment", "[a]\nx = #1\ny=;2\n", "[a] x@2=#1; y@3=;2;"},
        ReadCase{"continuation", "[a]\nx = 1\n  2\n\t3\ny = 4\n", "[a] x@2=1|2|3; y@5=4;"},
        ReadCase{"value_begins_below_its_key", "[a]\nx =\n  1\n  2\n", "[a] x@2=|1|2;"},
        ReadCase{"comments_within_a_value_vanish", "[a]\nx = 1\n# c\n  2\n  ; d\n  3\n",
                 "[a] x@2=1|2|3;"},
        ReadCase{"empty_lines_within_a_value_stay", "[a]\nx = 1\n\n  2\n\n\ny = 3\n",
                 "[a] x@2=1||2; y@7=3;"},
        ReadCase{"deeper_than_the_key_continues", "[a]\n  x = 1\n  y = 2\n   z = 3\n w = 4\n",
                 "[a] x@2=1; y@3=2|z = 3; w@5=4;"},
        ReadCase{"continuation_looks_like_a_section", "[a]\nx = 1\n [b]\n y = 2\n",
                 "[a] x@2=1|[b]|y = 2;"},
        ReadCase{"indented_section", " [a]\nx = 1\n", "[a] x@2=1;"},
        ReadCase{"indented_key_right_below_a_section", "[a]\n    x = 1\n", "[a] x@2=1;"},
        ReadCase{"text_behind_a_section", "[a] # really\nx = 1\n", "[a] x@2=1;"},
        ReadCase{"brackets_in_a_section", "[a]b]\nx = 1\n", "[a]b] x@2=1;"},
        ReadCase{"blanks_in_a_section", "[ a b ]\nx = 1\n", "[ a b ] x@2=1;"},
        ReadCase{"empty_brackets_are_a_key", "[a]\n[] = 1\n", "[a] []@2=1;"},
        ReadCase{"open_bracket_is_a_key", "[a]\n[b = 1\n", "[a] [b@2=1;"},
        ReadCase{"defaults_leak_into_every_section", "[DEFAULT]\nx = 1\ny = 2\n[a]\ny = 3\n[b]\n",
                 "[a] y@5=3; x@2=1;[b] x@2=1; y@3=2;"},
        ReadCase{"defaults_may_come_last_and_twice", "[a]\n[DEFAULT]\nx = 1\n[b]\n[DEFAULT]\ny=2\n",
                 "[a] x@3=1; y@6=2;[b] x@3=1; y@6=2;"},
        ReadCase{"default_in_lower_case_is_a_section", "[default]\nx = 1\n[a]\n",
                 "[default] x@2=1;[a]"},
        ReadCase{"windows_line_ends", "[a]\r\nx = 1\r\n  2\r\n", "[a] x@2=1|2;"},
        ReadCase{"old_mac_line_ends", "[a]\rx = 1\r\ry = 2", "[a] x@2=1; y@4=2;"},
        ReadCase{"no_line_end_at_the_end", "[a]\nx = 1", "[a] x@2=1;"},
        ReadCase{"byte_order_mark", "\xEF\xBB\xBF[a]\nx = 1\n", "[a] x@2=1;"},
        ReadCase{"no_break_spaces_are_blanks", "[a]\n\xC2\xA0x\xC2\xA0=\xE2\x80\x83\x31\xC2\xA0\n",
                 "[a] x@2=1;"},
        ReadCase{"umlauts", "[a]\nx = K\xC3\xB6ln\n", "[a] x@2=K\xC3\xB6ln;"},
        ReadCase{"reference", "[a]\nd = /x\np = %(d)s/%(D)s\n", "[a] d@2=/x; p@3=/x//x;"},
        ReadCase{"reference_to_defaults", "[DEFAULT]\nd = 1\n[a]\np = %(d)s\n",
                 "[a] p@4=1; d@2=1;"},
        ReadCase{"own_key_hides_default", "[DEFAULT]\nd = 1\np = %(d)s\n[a]\nd = 2\n",
                 "[a] d@5=2; p@3=2;"},
        ReadCase{"reference_through_reference", "[a]\nx = %(y)s!\ny = %(z)s?\nz = 1%%\n",
                 "[a] x@2=1%?!; y@3=1%?; z@4=1%;"},
        ReadCase{"percent_sign", "[a]\nx = 100%%\ny = %%(x)s\n", "[a] x@2=100%; y@3=%(x)s;"},
        ReadCase{"reference_to_an_empty_value", "[a]\nx =\ny = <%(x)s>\n", "[a] x@2=; y@3=<>;"}),
    [](const auto& test) { return test.param.name; });

struct ErrorCase {
  const char* name;
  std::string_view text;
  std::string_view first_line;
  std::string_view also;
};

class IniError : public testing::TestWithParam<ErrorCase> {};

TEST_P(IniError, names_line_and_remedy) {
  try {
    (void)dump(GetParam().text);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.resolvable_by(), ResolvableBy::configuration);
    EXPECT_EQ(error.text().what, GetParam().first_line);
    EXPECT_NE(std::string_view(error.what()).find(GetParam().also), std::string_view::npos)
        << error.what();
    EXPECT_FALSE(error.text().why.empty());
    EXPECT_FALSE(error.text().consequence.empty());
    EXPECT_FALSE(error.text().countermeasure.empty());
  }
}

INSTANTIATE_TEST_SUITE_P(
    Files, IniError,
    testing::Values(
        ErrorCase{"no_section", "\n# c\nteam = x\n",
                  "config.ini:3: there is no section header above this line.", "[owner]"},
        ErrorCase{"duplicate_key", "[owner]\nteam = a\nTEAM = b\n",
                  "config.ini:3: the key 'team' appears twice in section [owner].", "line 2"},
        ErrorCase{"duplicate_key_in_defaults", "[DEFAULT]\nx=1\n[a]\n[DEFAULT]\nx=2\n",
                  "config.ini:5: the key 'x' appears twice in section [DEFAULT].", "line 2"},
        ErrorCase{"duplicate_section", "[vdk]\na=1\n[b]\n[vdk]\n",
                  "config.ini:4: section [vdk] appears twice.", "line 1"},
        ErrorCase{"no_delimiter", "[vdk]\nx = 1\nnonsense\n",
                  "config.ini:3: there is neither '=' nor ':' in this line.", "indent the line"},
        ErrorCase{"no_key", "[vdk]\n = 1\n", "config.ini:2: there is no key before '='.",
                  "KEY = VALUE"},
        ErrorCase{"bare_percent", "[vdk]\nx = 50% off\n",
                  "config.ini:2: the value of 'x' has a single '%'.", "'%%'"},
        ErrorCase{"percent_at_the_end", "[vdk]\nx = 50%\n",
                  "config.ini:2: the value of 'x' has a single '%'.", "'%%'"},
        ErrorCase{"bare_percent_behind_a_reference", "[vdk]\nx = %\ny = %(x)s\n",
                  "config.ini:2: the value of 'x' has a single '%'.", "'%%'"},
        ErrorCase{"open_reference", "[vdk]\nx = %(y\n",
                  "config.ini:2: the value of 'x' has an incomplete reference after '%('.",
                  "%(key)s"},
        ErrorCase{"reference_without_s", "[vdk]\ny = 1\nx = %(y)d\n",
                  "config.ini:3: the value of 'x' has an incomplete reference after '%('.",
                  "%(key)s"},
        ErrorCase{"empty_reference", "[vdk]\nx = %()s\n",
                  "config.ini:2: the value of 'x' has an incomplete reference after '%('.",
                  "%(key)s"},
        ErrorCase{"unknown_reference", "[vdk]\nfolder = 1\nx = %(foldr)s\n",
                  "config.ini:3: the value of 'x' refers to 'foldr', which does not exist.",
                  "%(folder)s"},
        ErrorCase{"unlike_reference", "[vdk]\nx = %(anything)s\n",
                  "config.ini:2: the value of 'x' refers to 'anything', which does not exist.",
                  "'%%'"},
        ErrorCase{"cycle", "[vdk]\nx = %(y)s\ny = %(x)s\n",
                  "config.ini:2: the value of 'x' refers to itself, or to too many others.",
                  "ten levels"},
        ErrorCase{"latin1", "[vdk]\nx = 1\ny = K\xF6ln\n",
                  "config.ini:3: the file is not UTF-8 text.", "0xF6"},
        ErrorCase{"utf16", std::string_view("\xFF\xFE[\0a\0]\0", 8),
                  "config.ini:1: the file is not UTF-8 text.", "UTF-16"}),
    [](const auto& test) { return test.param.name; });

TEST(Ini, errors_never_show_values) {
  for (const std::string_view text :
       {"[a]\npassword = hunter2\nhunter2\n", "hunter2\n", "[a]\n=hunter2\n",
        "[a]\npassword=hunter2%\n", "[a]\npassword=%(hunter2\n"}) {
    try {
      (void)dump(text);
      ADD_FAILURE() << text;
    } catch (const Error& error) {
      EXPECT_EQ(std::string_view(error.what()).find("hunter2"), std::string_view::npos)
          << error.what();
    }
  }
}

TEST(Ini, a_reference_of_ten_levels_is_the_deepest) {
  const auto chain = [](int levels) {
    std::string text = "[a]\n";
    for (int i = 0; i < levels; ++i) {
      text += "k" + std::to_string(i) + " = %(k" + std::to_string(i + 1) + ")s\n";
    }
    return text + "k" + std::to_string(levels) + " = end\n";
  };
  EXPECT_EQ(IniFile::parse(chain(10), "c").get("a", "k0")->value, "end");
  EXPECT_THROW((void)IniFile::parse(chain(11), "c").get("a", "k0"), Error);
}

TEST(Ini, references_that_multiply_end_in_an_error) {
  for (const char* last : {"", "0123456789"}) {
    std::string text = "[a]\n";
    for (int i = 0; i < 9; ++i) {
      text += "k" + std::to_string(i) + " = ";
      for (int j = 0; j < 20; ++j) {
        text += "%(k" + std::to_string(i + 1) + ")s";
      }
      text += "\n";
    }
    text += std::string("k9 = ") + last + "\n";
    EXPECT_THROW((void)IniFile::parse(text, "c").get("a", "k0"), Error);
  }
}

TEST(Ini, only_values_that_are_read_can_misuse_percent_signs) {
  const IniFile ini =
      IniFile::parse("[other]\nx = 5%\n[job]\nschedule_cron = %\n[vdk]\ny = 1\n", "config.ini");
  EXPECT_EQ(ini.settings("vdk").size(), 1U);
  EXPECT_EQ(ini.find("other")->entries[0].text, "5%");
  EXPECT_THROW((void)ini.get("job", "schedule_cron"), Error);
}

TEST(Ini, unknown_sections_and_keys_are_nothing) {
  const IniFile ini = IniFile::parse("[DEFAULT]\nx = 1\n[a]\n", "config.ini");
  EXPECT_FALSE(ini.get("b", "x"));
  EXPECT_FALSE(ini.get("DEFAULT", "x"));
  EXPECT_FALSE(ini.get("a", "y"));
  EXPECT_EQ(ini.get("a", "X")->value, "1");
  EXPECT_TRUE(ini.settings("b").empty());
  EXPECT_EQ(ini.defaults().entries[0].line, 2);
}

}  // namespace
}  // namespace vdk
