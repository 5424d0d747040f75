import java.io.*;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.sql.*;
import java.time.*;
import java.util.*;
import java.util.stream.*;
import org.postgresql.PGConnection;
import org.postgresql.PGNotification;
import org.postgresql.copy.CopyManager;
import org.postgresql.util.PSQLException;

/** Behaviours asked for by name, one a line, answered by a line of JSON each. Runs from its source file. */
public class Jdbc {
  interface Row { Object report() throws Exception; }
  interface Work { Object with(Connection connection) throws Exception; }
  /** JSON already. */
  record Raw(String json) {}

  static final Object[] VALUES = {
    42, 9007199254740993L, new BigDecimal("12345678901234567890.125"), "it's ünïcode 😀", null, OffsetDateTime.parse("2026-11-23T12:34:56.789Z"),
    true, HexFormat.of().parseHex("00ff10275c"), "{\"a\": [1, null, \"x\"]}",
  };
  static final String CAST = "?::int, ?::int8, ?::numeric, ?::text, ?::text, ?::timestamptz, ?::bool, ?::bytea, ?::jsonb";

  static final Map<String, Row> ROWS = Map.ofEntries(
    Map.entry("scram", Jdbc::scram),
    Map.entry("tls", () -> Map.of("answer", within(Jdbc::answer, "sslmode", "require"))),
    Map.entry("verified", Jdbc::verified),
    Map.entry("text", () -> values("binaryTransfer", "false")),
    Map.entry("binary", () -> values("prepareThreshold", "-1")),
    Map.entry("arrays", Jdbc::arrays),
    Map.entry("cursor", Jdbc::cursor),
    Map.entry("batch", Jdbc::batch),
    Map.entry("heldBatch", Jdbc::heldBatch),
    Map.entry("copyOut", Jdbc::copyOut),
    Map.entry("copyIn", Jdbc::copyIn),
    Map.entry("copyRefused", Jdbc::copyRefused),
    Map.entry("cancel", Jdbc::cancel),
    Map.entry("listen", Jdbc::listen),
    Map.entry("notice", Jdbc::notice),
    Map.entry("error", Jdbc::error),
    Map.entry("transaction", Jdbc::transaction),
    Map.entry("prepared", Jdbc::prepared),
    Map.entry("largeObject", Jdbc::largeObject),
    Map.entry("largeObjectCalls", Jdbc::largeObjectCalls));

  static Object within(Work work, String... more) throws Exception {
    try (Connection connection = connect(more)) {
      return work.with(connection);
    }
  }

  static Connection connect(String... more) throws SQLException {
    Properties properties = new Properties();
    properties.put("user", System.getenv("PGUSER"));
    properties.put("password", System.getenv("PGPASSWORD"));
    properties.put("sslmode", "disable");
    for (int at = 0; at < more.length; at += 2) properties.put(more[at], more[at + 1]);
    Object database = Optional.ofNullable(properties.remove("database")).orElse("db");
    return DriverManager.getConnection("jdbc:postgresql://" + System.getenv("PGHOST") + ":" + System.getenv("PGPORT") + "/" + database, properties);
  }

  static Object answer(Connection connection) throws SQLException {
    return first(connection, "SELECT 42");
  }

  static Object first(Connection connection, String sql, Object... values) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      for (int at = 0; at < values.length; at++) statement.setObject(at + 1, values[at]);
      ResultSet rows = statement.executeQuery();
      rows.next();
      return rows.getObject(1);
    }
  }

  static void run(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  static String stateOf(Row work) throws Exception {
    try {
      work.report();
    } catch (SQLException error) {
      return error.getSQLState();
    }
    throw new IllegalStateException("it did not fail");
  }

  static Object scram() throws Exception {
    String wrong = told("the token is not valid", "told", "password", "cs_wrong");
    return Map.of("answer", within(Jdbc::answer), "wrong", wrong);
  }

  static Object verified() throws Exception {
    String stranger = told("PKIX", "refused", "sslmode", "verify-full", "sslrootcert", System.getenv("STRANGER"));
    return Map.of("answer", within(Jdbc::answer, "sslmode", "verify-full", "sslrootcert", System.getenv("CERTIFICATE")), "stranger", stranger);
  }

  static String told(String hint, String name, String... more) throws Exception {
    try (Connection connection = connect(more)) {
      return "connected";
    } catch (SQLException error) {
      return error.getMessage().contains(hint) ? name : error.getMessage();
    }
  }

  static Object values(String... more) throws Exception {
    return within(connection -> {
      try (PreparedStatement statement = connection.prepareStatement("SELECT " + CAST)) {
        for (int at = 0; at < VALUES.length; at++) statement.setObject(at + 1, VALUES[at]);
        ResultSet row = statement.executeQuery();
        row.next();
        Map<String, Object> report = new LinkedHashMap<>();
        report.put("int", row.getInt(1));
        report.put("big", String.valueOf(row.getLong(2)));
        report.put("numeric", row.getBigDecimal(3).toPlainString());
        report.put("text", row.getString(4));
        report.put("nothing", row.getString(5));
        report.put("at", row.getObject(6, OffsetDateTime.class).toInstant().toString());
        report.put("flag", row.getBoolean(7));
        report.put("bytes", HexFormat.of().formatHex(row.getBytes(8)));
        report.put("json", new Raw(row.getString(9)));
        return report;
      }
    }, more);
  }

  static Object arrays() throws Exception {
    return within(connection -> {
      Array ints = connection.createArrayOf("int4", new Integer[] {1, null, 3});
      Array texts = connection.createArrayOf("text", new String[] {"a", "b,\"c", null});
      return Map.of("ints", back(connection, "SELECT ?::int[]", ints), "texts", back(connection, "SELECT ?::text[]", texts));
    }, "prepareThreshold", "-1");
  }

  static List<?> back(Connection connection, String sql, Array array) throws SQLException {
    return Arrays.asList((Object[]) ((Array) first(connection, sql, array)).getArray());
  }

  static Object cursor() throws Exception {
    return within(connection -> {
      connection.setAutoCommit(false);
      int rows = 0;
      int last = 0;
      try (Statement statement = connection.createStatement()) {
        statement.setFetchSize(100);
        ResultSet all = statement.executeQuery("SELECT n FROM generate_series(1, 1000) AS n");
        for (; all.next(); rows++) last = all.getInt(1);
      }
      int early = 0;
      try (Statement statement = connection.createStatement()) {
        statement.setFetchSize(10);
        ResultSet some = statement.executeQuery("SELECT n FROM generate_series(1, 1000) AS n");
        while (early < 10 && some.next()) early++;
      }
      return Map.of("rows", rows, "last", last, "early", early, "answer", answer(connection));
    });
  }

  static Object batch() throws Exception {
    return within(connection -> {
      try (PreparedStatement statement = connection.prepareStatement("INSERT INTO batched VALUES (?)")) {
        for (int n = 1; n <= 20; n++) {
          statement.setInt(1, n);
          statement.addBatch();
        }
        return Map.of("written", IntStream.of(statement.executeBatch()).sum(), "sum", first(connection, "SELECT sum(n)::int FROM batched"));
      }
    });
  }

  static CopyManager copying(Connection connection) throws SQLException {
    return connection.unwrap(PGConnection.class).getCopyAPI();
  }

  static Object copyOut() throws Exception {
    return within(connection -> {
      StringWriter into = new StringWriter();
      copying(connection).copyOut("COPY (SELECT n, 'a' FROM generate_series(1, 50000) AS n) TO STDOUT", into);
      String[] lines = into.toString().split("\n");
      return Map.of("rows", lines.length, "first", lines[0], "last", lines[lines.length - 1]);
    });
  }

  static Object copyIn() throws Exception {
    return within(connection -> {
      String lines = IntStream.range(0, 20_000).mapToObj(n -> n + "\tsome text\n").collect(Collectors.joining());
      long rows = copying(connection).copyIn("COPY copied FROM STDIN", new StringReader(lines));
      return Map.of("rows", rows, "answer", answer(connection));
    });
  }

  static Object copyRefused() throws Exception {
    return within(connection -> {
      String failed = stateOf(() -> copying(connection).copyIn("COPY copied FROM STDIN", new StringReader("1\ta\nnot a number\tb\n")));
      return Map.of("failed", failed, "answer", answer(connection));
    });
  }

  static Object cancel() throws Exception {
    return within(connection -> {
      Statement statement = connection.createStatement();
      Timer insist = new Timer(true);
      insist.schedule(new TimerTask() {
        @Override public void run() {
          try {
            statement.cancel();
          } catch (SQLException error) {
            throw new IllegalStateException(error);
          }
        }
      }, 300, 300);
      String failed = stateOf(() -> statement.executeQuery("SELECT pg_sleep(30)"));
      insist.cancel();
      return Map.of("failed", failed, "answer", answer(connection));
    });
  }

  static Object listen() throws Exception {
    return within(connection -> {
      run(connection, "LISTEN news");
      within(other -> {
        run(other, "NOTIFY news, 'from another'");
        return null;
      });
      PGNotification[] heard = connection.unwrap(PGConnection.class).getNotifications(5_000);
      return Map.of("channel", heard[0].getName(), "payload", heard[0].getParameter());
    });
  }

  static Object notice() throws Exception {
    return within(connection -> {
      Statement statement = connection.createStatement();
      statement.execute("DO $$ BEGIN RAISE NOTICE 'hello'; END $$");
      return Map.of("notices", List.of(statement.getWarnings().getMessage()));
    });
  }

  static Object error() throws Exception {
    return within(connection -> {
      try {
        run(connection, "INSERT INTO checked VALUES (-1)");
        throw new IllegalStateException("it did not fail");
      } catch (PSQLException failed) {
        var said = failed.getServerErrorMessage();
        boolean detail = said.getDetail().startsWith("Failing row");
        return Map.of("code", said.getSQLState(), "message", said.getMessage(), "table", said.getTable(), "constraint", said.getConstraint(), "detail", detail);
      }
    });
  }

  static Object transaction() throws Exception {
    return within(connection -> {
      connection.setAutoCommit(false);
      run(connection, "INSERT INTO checked VALUES (1)");
      Savepoint savepoint = connection.setSavepoint("s");
      String failed = stateOf(() -> first(connection, "INSERT INTO checked VALUES (?) RETURNING n", -1));
      String aborted = stateOf(() -> answer(connection));
      connection.rollback(savepoint);
      run(connection, "INSERT INTO checked VALUES (2)");
      connection.commit();
      List<Integer> kept = new ArrayList<>();
      ResultSet rows = connection.createStatement().executeQuery("DELETE FROM checked RETURNING n");
      while (rows.next()) kept.add(rows.getInt(1));
      connection.commit();
      return Map.of("failed", failed, "aborted", aborted, "kept", kept);
    });
  }

  static Object prepared() throws Exception {
    return within(connection -> {
      List<Integer> answers = new ArrayList<>();
      try (PreparedStatement statement = connection.prepareStatement("SELECT ?::int")) {
        for (int n = 0; n < 8; n++) {
          statement.setInt(1, n);
          ResultSet row = statement.executeQuery();
          row.next();
          answers.add(row.getInt(1));
        }
        return Map.of("answers", answers, "prepared", first(connection, "SELECT count(*) > 0 FROM pg_prepared_statements WHERE statement LIKE 'SELECT $1::int%'"));
      }
    });
  }

  static Object largeObject() throws Exception {
    return within(connection -> {
      Object oid = first(connection, "SELECT lo_from_bytea(0, ?)", (Object) new byte[] {0, (byte) 0xff});
      first(connection, "SELECT lo_put(?, 2, ?)", oid, new byte[] {0x10});
      byte[] read = (byte[]) first(connection, "SELECT lo_get(?)", oid);
      first(connection, "SELECT lo_unlink(?)", oid);
      return Map.of("read", HexFormat.of().formatHex(read), "gone", stateOf(() -> first(connection, "SELECT lo_get(?)", oid)).equals("42704"));
    });
  }

  static Object largeObjectCalls() throws Exception {
    return within(connection -> {
      connection.setAutoCommit(false);
      var objects = connection.unwrap(PGConnection.class).getLargeObjectAPI();
      long oid = objects.createLO();
      var object = objects.open(oid);
      object.write(new byte[] {0, (byte) 0xff, 0x10});
      object.seek(0);
      byte[] read = object.read(10);
      object.close();
      objects.delete(oid);
      connection.commit();
      return Map.of("read", HexFormat.of().formatHex(read), "gone", stateOf(() -> first(connection, "SELECT lo_get(?)", oid)).equals("42704"));
    });
  }

  static Object heldBatch() throws Exception {
    return within(connection -> {
      Map<String, Object> report = new HashMap<>();
      report.put("rows", null);
      report.put("failed", null);
      try (PreparedStatement statement = connection.prepareStatement("INSERT INTO batched VALUES (?)")) {
        for (int n = 101; n <= 103; n++) {
          statement.setInt(1, n);
          statement.addBatch();
        }
        report.put("rows", IntStream.of(statement.executeBatch()).sum());
      } catch (SQLException failed) {
        report.put("failed", failed.getSQLState());
      }
      report.put("answer", answer(connection));
      return report;
    }, "database", "reviewed", "sslmode", "require");
  }

  static Object held(String sql) throws Exception {
    return within(connection -> {
      Map<String, Object> report = new HashMap<>();
      report.put("rows", null);
      report.put("failed", null);
      try (PreparedStatement statement = connection.prepareStatement(sql)) {
        report.put("rows", statement.executeUpdate());
      } catch (SQLException failed) {
        report.put("failed", failed.getSQLState());
      }
      report.put("answer", answer(connection));
      return report;
    }, "database", "reviewed", "sslmode", "require");
  }

  static String json(Object value) {
    if (value instanceof Raw raw) return raw.json();
    if (value instanceof Map<?, ?> map)
      return map.entrySet().stream().map(each -> json(each.getKey()) + ":" + json(each.getValue())).collect(Collectors.joining(",", "{", "}"));
    if (value instanceof List<?> list) return list.stream().map(Jdbc::json).collect(Collectors.joining(",", "[", "]"));
    if (!(value instanceof String text)) return String.valueOf(value);
    return "\"" + text.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n").replace("\t", "\\t") + "\"";
  }

  public static void main(String[] args) throws Exception {
    var in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    var out = new PrintStream(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8);
    for (String name = in.readLine(); name != null; name = in.readLine()) {
      try {
        out.println("{\"reports\":" + json(name.startsWith("held ") ? held(name.substring(5)) : ROWS.get(name).report()) + "}");
      } catch (Exception error) {
        out.println("{\"failed\":" + json(error.toString()) + "}");
      }
    }
  }
}
