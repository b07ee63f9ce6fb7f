//===- TableTest.cpp - One table, four formats ----------------------------===//

#include "tools/Table.h"

#include <gtest/gtest.h>

using namespace sinter;

namespace {

Table sample() {
  Table table;
  table.view = "ops";
  table.columns = {{"op", "op"}, {"launches", "launches"}, {"how", "how"}};
  table.rows = {{"embed", uint64_t{1}, "a|b"},
                {"größe, \"x\"", uint64_t{1192099840}, ""}};
  table.notes = {"one note"};
  return table;
}

TEST(Table, AlignsForPeople) {
  EXPECT_EQ(printTable(sample(), OutputFormat::Table),
            "op               launches  how\n"
            "----------  -------------  ---\n"
            "embed                   1  a|b\n"
            "größe, \"x\"  1,192,099,840\n"
            "\n"
            "one note\n");
}

/// People read microseconds and fractions, programs exact integers.
TEST(Table, TimesAndRatios) {
  Table table;
  table.view = "times";
  table.columns = {{"time_ps", "us"}, {"ratio_thousandths", "ratio"}};
  table.rows = {{Micros{1234567894999}, Ratio{1046}},
                {Micros{4999}, Ratio{7}},
                {Micros{5000}, Ratio{0}}};
  EXPECT_EQ(printTable(table, OutputFormat::Table), "          us  ratio\n"
                                                    "------------  -----\n"
                                                    "1,234,567.89  1.046\n"
                                                    "        0.00  0.007\n"
                                                    "        0.01  0.000\n");
  EXPECT_EQ(printTable(table, OutputFormat::Csv),
            "time_ps,ratio_thousandths\n"
            "1234567894999,1046\n4999,7\n5000,0\n");
  EXPECT_NE(printTable(table, OutputFormat::Json)
                .find("{\"time_ps\": 4999, \"ratio_thousandths\": 7}"),
            std::string::npos);
  EXPECT_NE(printTable(table, OutputFormat::Markdown).find("| ---: | ---: |"),
            std::string::npos);
}

TEST(Table, CsvQuotesWhatItMust) {
  EXPECT_EQ(printTable(sample(), OutputFormat::Csv),
            "op,launches,how\n"
            "embed,1,a|b\n"
            "\"größe, \"\"x\"\"\",1192099840,\n");
}

TEST(Table, MarkdownEscapesPipes) {
  EXPECT_EQ(printTable(sample(), OutputFormat::Markdown),
            "| op | launches | how |\n"
            "| --- | ---: | --- |\n"
            "| embed | 1 | a\\|b |\n"
            "| größe, \"x\" | 1,192,099,840 |  |\n"
            "\n"
            "one note\n");
}

TEST(Table, JsonKeepsTypesAndVersion) {
  EXPECT_EQ(printTable(sample(), OutputFormat::Json),
            "{\n"
            "  \"schema_version\": 1,\n"
            "  \"view\": \"ops\",\n"
            "  \"rows\": [\n"
            "    {\"op\": \"embed\", \"launches\": 1, \"how\": \"a|b\"},\n"
            "    {\"op\": \"größe, \\\"x\\\"\", \"launches\": 1192099840, "
            "\"how\": \"\"}\n"
            "  ],\n"
            "  \"notes\": [\n"
            "    \"one note\"\n"
            "  ]\n"
            "}\n");
}

TEST(Table, GroupsThousands) {
  Table table;
  table.columns = {{"n", "n"}};
  table.rows = {
      {uint64_t{0}}, {uint64_t{999}}, {uint64_t{1000}}, {uint64_t{UINT64_MAX}}};
  EXPECT_EQ(printTable(table, OutputFormat::Table),
            "                         n\n"
            "--------------------------\n"
            "                         0\n"
            "                       999\n"
            "                     1,000\n"
            "18,446,744,073,709,551,615\n");
}

} // namespace
