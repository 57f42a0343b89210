#include <fcntl.h>
#include <sys/socket.h>

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <thread>

#include <gtest/gtest.h>
#include <netinet/in.h>

#include "postgres_error.hpp"
#include "postgres_server.hpp"
#include "vdk/base/log.hpp"

namespace vdk::postgres {
namespace {

template <class Call>
PostgresError error_of(Call call) {
  try {
    call();
  } catch (const PostgresError& error) {
    return error;
  } catch (const Error& error) {
    return {error.resolvable_by(), "", error.text()};
  }
  ADD_FAILURE() << "no error";
  return {ResolvableBy::user, "", {.what = "none"}};
}

bool has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

// Keeps the log's records for the time of a test.
class Records {
 public:
  Records()
      : former_(set_log_sink([this](const LogRecord& record) {
          text_ += std::string(to_string(record.level)) + " " + std::string(record.message) + "\n";
        })) {}
  ~Records() { set_log_sink(former_); }
  Records(const Records&) = delete;
  Records& operator=(const Records&) = delete;
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;
  LogSink former_;
};

// ---- rows ------------------------------------------------------------------------------------

TEST(PostgresRows, are_those_of_the_last_statement_with_their_types) {
  const auto connection = connect();
  const auto rows = connection->execute(
      "select 'not this'; create temporary table t (i int, b bigint, f real, n numeric, s text, "
      "y bytea, d date, l boolean); insert into t values (1, 9223372036854775807, 1.5, 0.10, 'ä', "
      "'\\x00ff', '2024-02-29', true), (null, null, null, null, null, null, null, null); "
      "select * from t; -- the end");
  ASSERT_TRUE(rows);
  std::string types;
  for (const ResultColumn& column : rows->columns()) types += column.name + " " + column.type + ",";
  EXPECT_EQ(types, "i integer,b bigint,f real,n numeric,s text,y bytea,d date,l boolean,");
  Row row;
  ASSERT_TRUE(rows->next(row));
  EXPECT_EQ(row, (Row{1, std::int64_t{9223372036854775807}, 1.5, "0.10", "ä", "00ff", "2024-02-29",
                      true}));
  ASSERT_TRUE(rows->next(row));
  EXPECT_EQ(row, Row(8));
  EXPECT_FALSE(rows->next(row));
  EXPECT_FALSE(rows->next(row));
}

TEST(PostgresRows, there_are_none_where_the_last_statement_has_none) {
  const auto connection = connect();
  EXPECT_FALSE(connection->execute("select 1; create temporary table t (a int)"));
  EXPECT_FALSE(connection->execute("-- only a comment\n;;"));
  EXPECT_FALSE(connection->execute(""));
  EXPECT_EQ(query(*connection, "select 1"), Rows{{1}});
}

TEST(PostgresRows, an_empty_result_still_has_columns) {
  const auto connection = connect();
  const auto rows = connection->execute("select 1 as a where false");
  ASSERT_TRUE(rows);
  EXPECT_EQ(rows->columns().at(0).name, "a");
  Row row;
  EXPECT_FALSE(rows->next(row));
}

TEST(PostgresRows, floating_point_numbers_are_exact) {
  const auto row =
      query(*connect(), "select 0.1::float8, 'NaN'::float8, '-Infinity'::float8, 5e-324::float8")
          .at(0);
  EXPECT_EQ(row[0], 0.1);
  EXPECT_TRUE(std::isnan(*row[1].if_real()));
  EXPECT_EQ(row[2], -HUGE_VAL);
  EXPECT_EQ(row[3], 5e-324);
}

TEST(PostgresRows, bytes_are_hexadecimal_in_either_form_of_the_server) {
  const auto connection = connect();
  const std::string sql = "select 'a\\\\\\000\\377'::bytea";
  EXPECT_EQ(query(*connection, sql), Rows{{"615c00ff"}});
  run(*connection, "set bytea_output = escape");
  EXPECT_EQ(query(*connection, sql), Rows{{"615c00ff"}});
}

TEST(PostgresRows, dates_are_in_the_order_of_iso_whatever_the_server_prefers) {
  const auto connection = connect({{"postgres_dsn", "options='-c datestyle=German,DMY'"}});
  EXPECT_EQ(query(*connection, "select date '2024-02-29', timestamp '2024-02-29 01:02:03.5'"),
            (Rows{{"2024-02-29", "2024-02-29 01:02:03.5"}}));
}

TEST(PostgresRows, arrive_while_the_server_still_makes_them) {
  const auto connection = connect();
  const auto rows = connection->execute("select generate_series(1, 1000000000000)");
  Row row;
  for (std::int64_t i = 1; i <= 100'000; ++i) {
    ASSERT_TRUE(rows->next(row));
    ASSERT_EQ(row[0], i);
  }
  connection->interrupt();  // or it would be read to its end
}

TEST(PostgresRows, that_nobody_reads_undo_nothing) {
  const auto connection = connect();
  run(*connection, "create temporary table t (n int)");
  {
    const auto rows =
        connection->execute("insert into t select generate_series(1, 5000) returning n");
    Row row;
    ASSERT_TRUE(rows->next(row));
  }
  (void)connection->execute("insert into t select generate_series(1, 5000) returning n");
  run(*connection, "insert into t select generate_series(1, 5000) returning n");
  EXPECT_EQ(query(*connection, "select count(*) from t"), Rows{{15'000}});
}

TEST(PostgresRows, a_failure_among_them_is_thrown_where_it_comes) {
  const auto connection = connect();
  const auto rows = connection->execute("select 1 / (3 - n) from generate_series(1, 5) n");
  Row row;
  EXPECT_TRUE(rows->next(row));
  EXPECT_TRUE(rows->next(row));
  const PostgresError error = error_of([&] { rows->next(row); });
  EXPECT_EQ(error.sqlstate(), "22012");
  EXPECT_EQ(error.type_name(), "DataError");
  EXPECT_FALSE(rows->next(row));
  EXPECT_EQ(query(*connection, "select 1"), Rows{{1}});
}

// ---- transactions ----------------------------------------------------------------------------

TEST(PostgresTransactions, each_text_is_committed_also_after_a_failure) {
  const auto connection = connect();
  run(*connection, "create table committed (n int)");
  (void)error_of([&] { run(*connection, "select * from absent"); });
  run(*connection, "insert into committed values (1)");
  EXPECT_EQ(query(*connect(), "select n from committed"), Rows{{1}});
  run(*connection, "drop table committed");
}

TEST(PostgresTransactions, the_statements_of_one_text_take_effect_together) {
  const auto connection = connect();
  const PostgresError error = error_of([&] {
    run(*connection, "create table half (n int); insert into half values (1);\nselect oops");
  });
  EXPECT_EQ(error.text().consequence,
            "None of the 3 statements of the text took effect: they are one transaction.");
  EXPECT_EQ(query(*connection, "select to_regclass('half')"), Rows{{Value()}});
}

TEST(PostgresTransactions, the_jobs_own_span_texts) {
  const auto connection = connect();
  run(*connection, "create table spanned (n int)");
  run(*connection, "begin");
  run(*connection, "insert into spanned values (1)");
  EXPECT_EQ(query(*connect(), "select n from spanned"), Rows{});
  run(*connection, "commit");
  EXPECT_EQ(query(*connect(), "select n from spanned"), Rows{{1}});
  run(*connection, "drop table spanned");
}

TEST(PostgresTransactions, an_aborted_one_says_what_to_do) {
  const auto connection = connect();
  run(*connection, "begin");
  EXPECT_TRUE(
      has(error_of([&] { run(*connection, "select oops"); }).text().consequence, "until ROLLBACK"));
  const PostgresError error = error_of([&] { run(*connection, "select 1"); });
  EXPECT_EQ(error.sqlstate(), "25P02");
  EXPECT_TRUE(has(error.text().countermeasure, "Roll back"));
  run(*connection, "rollback");
  EXPECT_EQ(query(*connection, "select 1"), Rows{{1}});
}

TEST(PostgresTransactions, one_that_is_never_committed_is_told_at_the_end) {
  const Records records;
  run(*connect(), "begin; create table forgotten (n int)");
  EXPECT_TRUE(has(records.text(), "WARNING The transaction that was begun")) << records.text();
}

TEST(PostgresTransactions, statements_that_refuse_one_run_alone) {
  run(*connect(), "vacuum pg_class");
}

// ---- errors ----------------------------------------------------------------------------------

TEST(PostgresErrors, show_the_line_and_the_place) {
  const PostgresError error = error_of([] {
    run(*connect(), "-- job_name: j\n/* ä */ select 1;\nselect 'ä',\n  'ö' || oops\nfrom t");
  });
  EXPECT_EQ(error.resolvable_by(), ResolvableBy::user);
  EXPECT_EQ(error.type_name(), "ProgrammingError");
  EXPECT_EQ(error.text().what, "relation \"t\" does not exist");
  EXPECT_TRUE(has(error.text().why, "SQLSTATE 42P01, in line 3 of statement 2:\nfrom t\n     ^"))
      << error.text().why;
  const PostgresError other =
      error_of([] { run(*connect(), "-- op_id: x\n\nselect 'ä',\n  'ö' || oops"); });
  EXPECT_TRUE(has(other.text().why, "in line 2:\n  'ö' || oops\n         ^")) << other.text().why;
}

TEST(PostgresErrors, carry_the_servers_detail_hint_and_context) {
  const auto connection = connect();
  const PostgresError twice = error_of([&] {
    run(*connection, "create temporary table t (n int primary key); insert into t values (1), (1)");
  });
  EXPECT_EQ(twice.type_name(), "IntegrityError");
  EXPECT_TRUE(has(twice.text().why, "Detail: Key (n)=(1) already exists.")) << twice.text().why;
  const PostgresError raised = error_of([&] {
    run(*connection,
        "do $$ begin raise exception 'no; way' using hint = 'another way', errcode = 'P0001'; end "
        "$$");
  });
  EXPECT_EQ(raised.text().what, "no; way");
  EXPECT_EQ(raised.text().countermeasure, "another way");
  EXPECT_TRUE(has(raised.text().why, "Context: PL/pgSQL function")) << raised.text().why;
  const PostgresError inner =
      error_of([&] { run(*connection, "do $$ begin perform oops; end $$"); });
  EXPECT_TRUE(has(inner.text().why, "in the query inside it:\nSELECT oops\n       ^"))
      << inner.text().why;
}

TEST(PostgresErrors, blame_who_can_resolve_them) {
  EXPECT_EQ(resolvable_by("42601"), ResolvableBy::user);
  EXPECT_EQ(resolvable_by("23505"), ResolvableBy::user);
  EXPECT_EQ(resolvable_by("57014"), ResolvableBy::user);
  EXPECT_EQ(resolvable_by("53100"), ResolvableBy::platform);
  EXPECT_EQ(resolvable_by("40001"), ResolvableBy::platform);
  EXPECT_EQ(resolvable_by(""), ResolvableBy::platform);
}

TEST(PostgresErrors, a_nul_byte_is_refused) {
  const auto connection = connect();
  const PostgresError error =
      error_of([&] { run(*connection, std::string_view("select 1\0; drop", 15)); });
  EXPECT_EQ(error.resolvable_by(), ResolvableBy::user);
  EXPECT_TRUE(has(error.text().what, "NUL"));
}

TEST(PostgresErrors, copy_with_the_client_is_refused_and_harms_nothing) {
  const auto connection = connect();
  run(*connection, "create temporary table t (n int)");
  for (const char* sql :
       {"copy t from stdin", "copy (select generate_series(1, 1000000)) to stdout",
        "select 1; copy t from stdin; select 2"}) {
    EXPECT_TRUE(has(error_of([&] { (void)connection->execute(sql); }).text().what, "COPY")) << sql;
    EXPECT_EQ(query(*connection, "select 1"), Rows{{1}});
  }
}

TEST(PostgresNotices, are_logged_with_their_level) {
  const Records records;
  run(*connect(),
      "do $$ begin raise warning 'beware' using hint = 'look'; raise notice 'by the way'; end $$");
  EXPECT_TRUE(has(records.text(), "WARNING beware\nlook\n")) << records.text();
  EXPECT_TRUE(has(records.text(), "INFO by the way\n")) << records.text();
}

// ---- the connection --------------------------------------------------------------------------

TEST(PostgresConnection, a_statement_ends_when_it_is_interrupted) {
  const auto connection = connect();
  const auto other = connect();
  std::thread interrupter([&] {
    // Interrupts once the statement runs.
    const std::string running =
        "select count(*) from pg_stat_activity where query = 'select pg_sleep(300)'";
    while (query(*other, running) == Rows{{0}}) {
      std::this_thread::yield();
    }
    connection->interrupt();
  });
  const PostgresError error = error_of([&] { (void)connection->execute("select pg_sleep(300)"); });
  interrupter.join();
  EXPECT_EQ(error.sqlstate(), "57014");
  EXPECT_EQ(error.text().countermeasure, "");
  EXPECT_EQ(query(*connection, "select 1"), Rows{{1}});
}

TEST(PostgresConnection, an_interrupt_while_nothing_runs_is_without_effect) {
  const auto connection = connect();
  connection->interrupt();
  EXPECT_EQ(query(*connection, "select 1"), Rows{{1}});
}

TEST(PostgresConnection, notices_that_the_server_ended_it) {
  const auto connection = connect();
  EXPECT_TRUE(connection->is_connected());
  const auto pid = query(*connection, "select pg_backend_pid()").at(0).at(0);
  const auto other = connect();
  const std::string id = std::to_string(*pid.if_integer());
  query(*other, "select pg_terminate_backend(" + id + ", 10000)");
  EXPECT_FALSE(connection->is_connected());
  const PostgresError error = error_of([&] { (void)connection->execute("select 1"); });
  EXPECT_EQ(error.resolvable_by(), ResolvableBy::platform);
  EXPECT_EQ(error.type_name(), "OperationalError");
}

TEST(PostgresConnection, a_statement_that_loses_it_has_the_servers_last_words) {
  const auto connection = connect();
  const PostgresError error =
      error_of([&] { query(*connection, "select pg_terminate_backend(pg_backend_pid())"); });
  EXPECT_EQ(error.resolvable_by(), ResolvableBy::platform);
  EXPECT_EQ(error.sqlstate(), "57P01") << error.what();
  EXPECT_FALSE(connection->is_connected());
}

TEST(PostgresConnection, is_left_alone_by_a_forked_child) {
  auto connection = connect();
  const pid_t child = fork();
  if (child == 0) {
    const bool connected = connection->is_connected();
    connection.reset();
    _exit(connected ? 1 : 0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_TRUE(connection->is_connected());
  EXPECT_EQ(query(*connection, "select 1"), Rows{{1}});
}

TEST(PostgresConnection, knows_how_literals_are_read) {
  const auto connection = connect();
  EXPECT_EQ(connection->literal_style(), LiteralStyle::standard);
  run(*connection, "set standard_conforming_strings = off");
  EXPECT_EQ(connection->literal_style(), LiteralStyle::backslash);
}

TEST(PostgresConnection, its_description_shows_the_place_and_no_credential) {
  const std::string description = connect({{"postgres_host", "127.0.0.1"}})->description();
  EXPECT_EQ(description, "PostgreSQL database postgres at 127.0.0.1:" + Server::shared().port());
}

// ---- configuration ---------------------------------------------------------------------------

PostgresError refusal(const Keys& changes) {
  return error_of([&] { (void)connect(changes); });
}

TEST(PostgresSettings, nothing_configured_is_told_with_the_keys) {
  const PostgresError error =
      error_of([] { (void)open_connection(kPostgres, configured({}), kMainSection); });
  EXPECT_EQ(error.resolvable_by(), ResolvableBy::configuration);
  EXPECT_TRUE(has(error.text().why, "postgres_dsn")) << error.what();
}

TEST(PostgresSettings, a_dsn_alone_is_enough_in_both_forms) {
  const Server& server = Server::shared();
  const std::string list = "host=" + server.text("socket_directory") + " port=" + server.port() +
                           " user=" + server.text("user") +
                           " password='a pass\\'word\\\\of tests' dbname=template1";
  const std::string uri = "postgresql://" + server.text("user") +
                          ":a%20pass'word%5Cof%20tests@127.0.0.1:" + server.port() + "/template1";
  for (const std::string& dsn : {list, uri}) {
    const auto connection =
        open_connection(kPostgres, configured({{"postgres_dsn", dsn}}), kMainSection);
    EXPECT_EQ(query(*connection, "select current_database()"), Rows{{"template1"}});
  }
}

TEST(PostgresSettings, keys_win_over_the_dsn) {
  const auto connection = connect({{"postgres_dsn", "host=nowhere.invalid dbname=nothing"}});
  EXPECT_EQ(query(*connection, "select current_database()"), Rows{{"postgres"}});
}

TEST(PostgresSettings, a_broken_dsn_is_refused_without_showing_it) {
  const PostgresError error = refusal({{"postgres_dsn", "host=h passwort geheim hunter2"}});
  EXPECT_EQ(error.resolvable_by(), ResolvableBy::configuration);
  EXPECT_FALSE(has(error.what(), "hunter2")) << error.what();
}

TEST(PostgresSettings, the_port_is_5432_where_none_is_set) {
  const PostgresError error = refusal({{"postgres_port", nullptr}, {"postgres_host", "/nowhere"}});
  EXPECT_TRUE(has(error.text().what, "/nowhere/.s.PGSQL.5432")) << error.what();
  EXPECT_EQ(error.resolvable_by(), ResolvableBy::platform);
}

TEST(PostgresSettings, misspelt_values_are_refused_with_their_key) {
  EXPECT_TRUE(has(refusal({{"postgres_port", "54x2"}}).text().why, "postgres_port"));
  EXPECT_TRUE(has(refusal({{"postgres_sslmode", "verify"}}).text().why, "postgres_sslmode"));
  const PostgresError error = refusal({{"postgres_sslrootcert", "/nowhere/ca.crt"}});
  EXPECT_TRUE(has(error.text().what, "/nowhere/ca.crt")) << error.what();
  EXPECT_EQ(error.resolvable_by(), ResolvableBy::configuration);
}

TEST(PostgresSettings, a_section_stands_for_itself_but_for_tls_verification) {
  const Configuration configuration = configured(
      {{"postgres_host", "h"}}, "reports",
      {{"postgres_user", "u"}, {"postgres_password", "p"}, {"postgres_sslmode", "verify-full"}});
  const Settings settings = read_settings(kPostgres, configuration, "reports");
  EXPECT_EQ(settings.options.at("host"), "h");
  EXPECT_EQ(settings.options.at("sslmode"), "verify-full");
  EXPECT_FALSE(settings.options.contains("user"));
  EXPECT_FALSE(settings.options.contains("password"));
  EXPECT_EQ(settings.connect_limit, std::chrono::seconds(30));
}

TEST(PostgresSettings, the_time_to_connect_may_stand_in_the_dsn) {
  const auto limit = [](const Keys& keys) {
    return read_settings(kPostgres, configured(keys), kMainSection).connect_limit;
  };
  EXPECT_EQ(limit({{"postgres_dsn", "host=h connect_timeout=7"}}), std::chrono::seconds(7));
  EXPECT_EQ(limit({{"postgres_dsn", "host=h connect_timeout=7"},
                   {"postgres_connect_timeout_seconds", "9"}}),
            std::chrono::seconds(9));
}

TEST(PostgresSettings, greenplum_has_keys_of_its_own) {
  Keys all;
  for (const auto& [key, value] : keys()) {
    all.emplace_back("greenplum_" + key.substr(std::string("postgres_").size()), value);
  }
  const auto connection = open_connection(kGreenplum, configured(all), kMainSection);
  EXPECT_TRUE(has(connection->description(), "Greenplum database postgres at "));
  EXPECT_EQ(query(*connection, "select 1"), Rows{{1}});
}

// ---- what refuses a connection ---------------------------------------------------------------

TEST(PostgresLogIn, a_wrong_password_is_told_at_once_and_not_shown) {
  const PostgresError error = refusal({{"postgres_password", "swordfish-of-tests"}});
  EXPECT_EQ(error.resolvable_by(), ResolvableBy::configuration);
  EXPECT_EQ(error.sqlstate(), "28P01");
  EXPECT_TRUE(has(error.text().what, " refuses the log-in of user 'vdk_admin'."));
  EXPECT_TRUE(has(error.text().countermeasure, "postgres_password"));
  EXPECT_TRUE(has(error.text().why, "FATAL:  password authentication failed")) << error.what();
  EXPECT_FALSE(has(error.text().why, "LOCATION")) << error.what();
  EXPECT_FALSE(has(error.what(), "swordfish"));
}

TEST(PostgresLogIn, a_missing_password_is_told_like_a_wrong_one) {
  const char* file = std::getenv("PGPASSFILE");
  const std::string former = file ? file : "";
  setenv("PGPASSFILE", "/nowhere", 1);
  const PostgresError error = refusal({{"postgres_password", nullptr}});
  file ? setenv("PGPASSFILE", former.c_str(), 1) : unsetenv("PGPASSFILE");
  EXPECT_EQ(error.resolvable_by(), ResolvableBy::configuration);
  EXPECT_TRUE(has(error.text().what, "refuses the log-in")) << error.what();
}

TEST(PostgresLogIn, an_absent_database_is_a_matter_of_configuration) {
  const PostgresError error = refusal({{"postgres_dbname", "atlantis"}});
  EXPECT_EQ(error.resolvable_by(), ResolvableBy::configuration);
  EXPECT_TRUE(has(error.text().what, "does not exist")) << error.what();
}

TEST(PostgresLogIn, a_full_server_is_the_platforms_matter) {
  run(*connect(), "create role crowded login password 'p' connection limit 0");
  const PostgresError error = refusal({{"postgres_user", "crowded"}, {"postgres_password", "p"}});
  EXPECT_EQ(error.resolvable_by(), ResolvableBy::platform);
  EXPECT_EQ(error.sqlstate(), "53300");
  EXPECT_TRUE(has(error.text().why, "too many connections")) << error.what();
}

TEST(PostgresLogIn, a_server_that_is_not_there_is_the_platforms_matter) {
  Server::shared().command("stop");
  const PostgresError error = refusal({{"postgres_host", "127.0.0.1"}});
  Server::shared().command("start");
  EXPECT_EQ(error.resolvable_by(), ResolvableBy::platform);
  EXPECT_TRUE(has(error.text().what, "cannot be reached")) << error.what();
}

TEST(PostgresLogIn, a_server_that_never_answers_is_given_up) {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ASSERT_EQ(bind(listener, reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(listen(listener, 1), 0);
  getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
  const PostgresError error = refusal({{"postgres_host", "127.0.0.1"},
                                       {"postgres_port", std::to_string(ntohs(address.sin_port))},
                                       {"postgres_connect_timeout_seconds", 1}});
  close(listener);
  EXPECT_EQ(error.resolvable_by(), ResolvableBy::platform);
  EXPECT_TRUE(has(error.text().why, "within 1 seconds")) << error.what();
}

// ---- TLS -------------------------------------------------------------------------------------

class PostgresTls : public testing::Test {
 protected:
  // By TCP, verified against the server's own authority.
  static Keys verified(const Keys& changes = {}) {
    Keys all{{"postgres_host", "localhost"},
             {"postgres_sslrootcert", Server::shared().certificate("ca.crt")}};
    all.insert(all.end(), changes.begin(), changes.end());
    return all;
  }
  static void refused(const Keys& changes, std::string_view reason) {
    const PostgresError error = refusal(changes);
    EXPECT_EQ(error.resolvable_by(), ResolvableBy::configuration) << error.what();
    EXPECT_TRUE(has(error.text().why, reason)) << error.what();
  }
};

constexpr std::string_view kIsEncrypted =
    "select ssl from pg_stat_ssl where pid = pg_backend_pid()";

TEST_F(PostgresTls, a_good_certificate_is_accepted) {
  EXPECT_EQ(query(*connect(verified()), kIsEncrypted), Rows{{true}});
}

TEST_F(PostgresTls, an_authority_means_full_verification_unless_said_otherwise) {
  // The certificate is for the name, and the name is what is verified.
  refused(verified({{"postgres_host", "127.0.0.1"}}), "does not match host name");
  const auto connection =
      connect(verified({{"postgres_host", "127.0.0.1"}, {"postgres_sslmode", "verify-ca"}}));
  EXPECT_EQ(query(*connection, kIsEncrypted), Rows{{true}});
}

TEST_F(PostgresTls, another_authority_is_refused) {
  refused(verified({{"postgres_sslrootcert", Server::shared().certificate("other_ca.crt")}}),
          "certificate verify failed");
}

TEST_F(PostgresTls, an_expired_certificate_is_refused) {
  Server::shared().command("certificate expired");
  refused(verified(), "certificate verify failed");
  Server::shared().command("certificate server");
}

TEST_F(PostgresTls, a_client_certificate_logs_in) {
  const Server& server = Server::shared();
  const Keys certified = verified({{"postgres_user", server.text("certified_user")},
                                   {"postgres_password", nullptr},
                                   {"postgres_sslcert", server.certificate("client.crt")},
                                   {"postgres_sslkey", server.certificate("client.key")}});
  EXPECT_EQ(query(*connect(certified), "select current_user"),
            (Rows{{server.text("certified_user")}}));
}

TEST_F(PostgresTls, a_missing_client_certificate_is_refused) {
  refused(verified({{"postgres_user", Server::shared().text("certified_user")}}),
          "client certificate");
}

TEST_F(PostgresTls, a_user_who_must_use_it_is_refused_without_it) {
  const PostgresError error = refusal({{"postgres_user", Server::shared().text("certified_user")},
                                       {"postgres_host", "127.0.0.1"},
                                       {"postgres_sslmode", "disable"}});
  EXPECT_EQ(error.sqlstate(), "28000");
}

}  // namespace
}  // namespace vdk::postgres
