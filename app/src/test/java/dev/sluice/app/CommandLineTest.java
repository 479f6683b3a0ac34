package dev.sluice.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.KeyStore;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Stream;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(value = 60, threadMode = ThreadMode.SEPARATE_THREAD)
final class CommandLineTest {
  private static void assertBadUsage(Answer answer, String... parts) {
    assertThat(answer.code()).isEqualTo(2);
    assertThat(answer.out()).isEmpty();
    assertThat(answer.err().lines()).hasSize(1);
    assertThat(answer.err()).contains(parts).doesNotContain("Exception");
  }

  @ParameterizedTest
  @CsvSource({
    "--port, -1, between 0 and 65535",
    "--port, 65536, between 0 and 65535",
    "--port, abc, whole number of at most 9 digits",
    "--port, '', whole number",
    "--capacity, 0, between 1 and",
    "--capacity, 100000001, between 1 and 100000000",
    "--capacity, x, whole number",
    "--workers, 0, between 1 and 10000",
    "--workers, 10001, between 1 and 10000",
    "--workers, 99999999999, at most 9 digits",
    "--job-duration, 10, must be like",
    "--job-duration, -1s, must be like",
    "--job-duration, 25h, between 0s and 24h",
    "--grace, soon, must be like",
    "--grace, 25h, between 0s and 24h",
    "--rate, 10, must be like",
    "--rate, 0/s, at least 1",
    "--rate, '', must be like",
    "--job-duration, '', must be like",
    "--grace, 1.5s, must be like",
    "--rate, fast, must be like",
    "--host, no-such-host.invalid, can be resolved",
    "--host, ' ', must name a host",
    "--host, '', must name a host",
    "--engine, '', must be memory:",
    "--engine, sqlite:/, is a directory",
    "--engine, sqlite:/dev/null, is a device",
    "--engine, oracle:x, must be memory:",
    "--engine, memory, must be memory:",
    "--engine, memory:x, nothing follows",
    "--engine, postgresql://u@h/db, PostgreSQL",
  })
  void demoNamesTheBadFlagItsValueAndTheRule(String flag, String value, String rule) {
    Answer answer = Answer.to("demo", flag, value);

    assertBadUsage(answer, flag.substring(2), rule);
    assertThat(answer.err()).contains(value.strip().replace("sqlite:", ""));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          enqueue q --run-at tomorrow       | run-at: 'tomorrow' must be a time in UTC like 2026-
          enqueue q --header foo            | header: 'foo' must be like NAME=TEXT
          schedules set s --queue q --cron x --every 1h | cron: cannot be given together with --every
          schedules set s --queue q         | cron: either --cron or --every must be given
          serve --grace 5                   | --grace: '5' must be a time between 0s and 24h, with its unit, like 25s
          serv                              | command: 'serv' is not known here; did you mean serve
          jobs shw x                        | command: 'shw' is not known here; did you mean show
          serve --prt 1                     | option: '--prt' is not known here
          serve x                           | argument: 'x' is more than is needed here
          """)
  void whatIsMistypedIsSaidInWords(String line, String sentence) {
    Answer answer = Answer.to(line.strip().split(" ", -1));
    assertBadUsage(answer, sentence.strip());
    assertThat(answer.err()).startsWith(sentence.strip()).doesNotContain("java.", "index 0");
  }

  @Test
  void longNamesOfTokensBreakNoColumns(@TempDir Path directory) {
    String data = directory.toString();
    String name = "a-name-that-is-longer-than-any-column-was";
    for (String some : List.of("ci", name)) {
      Answer.to("token", "create", "--data", data, "--name", some, "--scopes", "read");
    }
    List<String> lines = Answer.to("token", "list", "--data", data).out().lines().toList();
    int column = lines.getFirst().indexOf("SCOPES");
    assertThat(lines).hasSize(3);
    assertThat(lines.subList(1, 3))
        .allSatisfy(line -> assertThat(line.substring(column)).startsWith("read"));
  }

  @Test
  void noHelpIsWiderThanATerminal() {
    for (String command : List.of("enqueue", "work", "jobs list", "serve", "doctor", "bench")) {
      String out = Answer.to(with(command.split(" ", -1), "--help")).out();
      assertThat(out.lines()).as(command).allSatisfy(line -> assertThat(line).hasSizeLessThan(80));
    }
    assertThat(Answer.to("enqueue", "--help").out())
        .contains("\nOptions are for the lines that do not say otherwise.\n");
    assertThat(Answer.to("work", "--help").out())
        .contains(
            "\ncan never go well), 75 or any other: retry, with the last line of its error\n");
  }

  @ParameterizedTest
  @CsvSource({
    "--jobs, 0, between 1 and",
    "--jobs, many, whole number",
    "--jobs, 50000001, between 1 and 50000000",
    "--payload, '', whole number",
    "--producers, 100001, between 1 and 100000",
    "--batch, 10001, between 1 and 10000",
    "--payload, -1, between 0 and",
    "--payload, 1048577, between 0 and 1048576",
    "--producers, 0, between 1 and 100000",
    "--batch, 0, between 1 and 10000",
  })
  void benchNamesTheBadFlagItsValueAndTheRule(String flag, String value, String rule) {
    assertBadUsage(
        Answer.to("bench", "--engine", "memory:", flag, value), flag.substring(2), value, rule);
  }

  @ParameterizedTest
  @CsvSource({
    "--port, -1, --port: -1 must be a whole number from 0 to 65535",
    "--port, abc, must be a whole number",
    "--host, '', --host: '' must name a host",
    "--grace, soon, --grace: 'soon' must be a time between",
    "--engine, oracle:x, --engine: 'oracle:x' must be memory:",
    "--engine, postgresql://u@h/db, asks for PostgreSQL",
    "--tls-cert, cert.pem, http.tls.key: must name a file",
    "--config, no-such-file.yaml, no-such-file.yaml: there is no such file",
  })
  void serveNamesTheBadFlagItsValueAndTheRule(String flag, String value, String rule) {
    assertBadUsage(Answer.to("serve", flag, value), rule);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          http:;  host: 0.0.0.0                | line 2: http.host: '0.0.0.0' can be reached from elsewhere, so a token
          http:;  behind-proxy: true           | line 2: http.behind-proxy: true lets others in
          http:;  host: no-such-host.invalid   | line 2: http.host: 'no-such-host.invalid' must be a host that can be
          http:;  tls: {certificate: DIR/no.pem, key: DIR/no.key} | line 2: http.tls: cannot read DIR/no.pem
          HOOK {url: foo}                      | line 4: queues.mail.x.delivery.webhook.url: *** must be like https
          HOOK {url: 'http://h.example/'}      | line 4: queues.mail.x.delivery.webhook.url: *** must begin
          HOOK {url: 'https://127.0.0.1/'}     | must not lead to an address that is
          HOOK {url: 'https://h.example/', secret-file: DIR/none} | line 4: queues.mail.x.delivery.webhook.secret-file: *** must be
          HOOK {url: 'https://h.example/', secretFile: DIR/open} | line 4: queues.mail.x.delivery.webhook.secretFile: *** must be a file that its owner alone may read
          queues:;  auto-create:;    template: {delivery: {webhook: {url: foo}}} | line 3: queues.auto-create.template.delivery.webhook.url: *** must be
          engine: 'amqp://'                    | line 1: engine: the URL is not of the form amqp://
          engine: 'amqp://me:canary@/v'        | line 1: engine: the URL must name a host
          engine: 'sqs:no such region!'        | line 1: engine: the region 'no such region!' must be
          engine: 'ampq://me:canary@h/v'       | line 1: engine: 'ampq://me:***@h/v' must be memory:
          engine: amqp://broker.invalid/x;queues:;  auto-create: {max: 5} | line 3: queues.auto-create: this engine cannot keep queues
          """)
  void checkAndServeAgreeOnWhatIsValid(String yaml, String part, @TempDir Path directory)
      throws IOException {
    Path secret = Files.writeString(directory.resolve("open"), "whsec_MfKQ9r8GKYqrTwjU");
    Files.setPosixFilePermissions(secret, PosixFilePermissions.fromString("rw-r--r--"));
    Path file =
        Files.writeString(
            directory.resolve("sluice.yaml"),
            yaml.replace("HOOK ", "queues:;  mail.x:;    delivery:;      webhook: ")
                .replace("DIR", directory.toString())
                .replace(";", "\n"));
    Path data = directory.resolve("data");
    String[] more = {"--config", file.toString(), "--data", data.toString()};
    for (String[] command : new String[][] {{"config", "check"}, {"serve", "--port", "0"}}) {
      Answer answer = Answer.to(with(command, more));

      assertBadUsage(answer, part.strip().replace("DIR", directory.toString()));
      assertThat(answer.err()).startsWith(file + " line ").doesNotContain("canary");
    }
    assertThat(Answer.to(with(new String[] {"doctor"}, more)).out())
        .contains(part.strip().replace("DIR", directory.toString()).replaceFirst("line .*: ", ""));
    assertThat(data).doesNotExist();
  }

  @Test
  void tokenNamesTheBadFlag(@TempDir Path directory) {
    String data = directory.toString();
    String[] create = {"token", "create", "--data", data, "--name", "x", "--scopes"};
    assertBadUsage(Answer.to(with(create, "fly")), "scopes: 'fly' must be one of enqueue, work");
    assertBadUsage(Answer.to(with(create, "read", "--rate", "x")), "rate: 'x'");
    assertBadUsage(
        Answer.to(with(create, "read", "--expires", "x")), "expires: 'x' must be a time");
    assertBadUsage(Answer.to(with(create, "read", "--queues", "a b")), "queues");
    assertBadUsage(Answer.to("token"), "create, list or revoke");
    assertBadUsage(Answer.to("config"), "check or print");
    assertThat(directory.resolve("tokens.json")).doesNotExist();
  }

  private static String[] with(String[] first, String... more) {
    return Stream.concat(Stream.of(first), Stream.of(more)).toArray(String[]::new);
  }

  @ParameterizedTest
  @CsvSource({
    "amqp://h/v?keys=perhaps, engine: keys 'perhaps' must be carry or refuse",
    "sqs:x=1, engine: the region",
  })
  void theUrlOfABrokerIsReadByItsEngine(String url, String sentence) {
    Answer answer = Answer.to("demo", "--engine", url);
    assertBadUsage(answer, sentence);
    assertThat(answer.err()).startsWith(sentence);
  }

  @Test
  void benchNeedsAnEngineAndNoUsedFile(@TempDir Path directory) throws IOException {
    assertBadUsage(Answer.to("bench"), "--engine");
    Path used = Files.createFile(directory.resolve("used.db"));
    assertBadUsage(Answer.to("bench", "--engine", "sqlite:" + used), "engine", "not there yet");
    assertBadUsage(
        Answer.to("bench", "--engine", "sqlite:" + directory), "engine", "not there yet");
    assertBadUsage(
        Answer.to("bench", "--engine", ""), "engine: ''", "must be memory:, sqlite:PATH");
    assertBadUsage(
        Answer.to("bench", "--engine", "memory:", "--json=maybe"), "json: 'maybe'", "true or");
  }

  @Test
  void unknownWordsAreBadUsage() {
    assertBadUsage(Answer.to(), "command", "demo, ", "enqueue");
    assertBadUsage(Answer.to("fly"), "fly");
    assertBadUsage(Answer.to("demo", "--fly"), "--fly");
    assertBadUsage(Answer.to("demo", "--port"), "--port");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "demo", "bench", "serve", "token", "config", "doctor"})
  void everythingHasHelpAndVersion(String command) {
    String[] help = command.isEmpty() ? new String[] {"--help"} : new String[] {command, "--help"};
    assertThat(Answer.to(help))
        .satisfies(answer -> {
          assertThat(answer.code()).isZero();
          assertThat(answer.out()).startsWith("Usage: sluice");
          assertThat(answer.err()).isEmpty();
        });
    assertThat(Answer.to("--version").out()).matches("sluice \\d+\\.\\d+\\.\\d+\\R");
  }

  @Test
  void noOptionClaimsAnEmptyDefault() {
    assertThat(Answer.to("demo", "--help").out()).doesNotContainPattern("Default:\\s*\\R");
    assertThat(Answer.to("bench", "--help").out()).doesNotContainPattern("Default:\\s*\\R");
  }

  @ParameterizedTest
  @ValueSource(strings = {"demo", "bench"})
  void folderThatCannotBeMadeIsOneSentenceAndCode1(String command, @TempDir Path directory)
      throws IOException {
    Path folder = Files.createFile(directory.resolve("taken")).resolve("folder");
    Answer answer = Answer.to(command, "--engine", "sqlite:" + folder.resolve("x.db"));

    assertThat(answer.code()).isEqualTo(1);
    assertThat(answer.err().lines()).hasSize(1);
    assertThat(answer.err()).contains("engine: ", folder.toString()).doesNotContain("Exception");
  }

  @Test
  void portInUseIsOneSentenceAndCode1() throws IOException {
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.ofLiteral("127.0.0.1"))) {
      String port = Integer.toString(taken.getLocalPort());
      Answer answer = Answer.to("demo", "--engine", "memory:", "--port", port);

      assertThat(answer.code()).isEqualTo(1);
      assertThat(answer.err().lines()).hasSize(1);
      assertThat(answer.err()).contains("port", port, "another process").doesNotContain("\tat ");
    }
  }

  @Test
  void aDataFolderThatCannotBeMadeIsOneSentenceAndNothingWillBeCreated(@TempDir Path directory)
      throws IOException {
    Path folder = Files.createFile(directory.resolve("taken")).resolve("data");
    for (Path data : List.of(folder, directory.resolve("taken"))) {
      Answer answer = Answer.to("serve", "--port", "0", "--data", data.toString());

      assertThat(answer.code()).isEqualTo(1);
      assertThat(answer.err().lines()).hasSize(1);
      assertThat(answer.err()).contains("taken").doesNotContain("Exception");
      assertThat(Answer.to("doctor", "--data", data.toString()).out())
          .contains("FAIL  data: " + directory.resolve("taken") + " is no folder")
          .contains("FAIL  engine: ")
          .doesNotContain("will be created", "Exception");
    }
  }

  @Test
  void aFolderThatIsClosedToThisUserIsWhatHasToBeMended(@TempDir Path directory)
      throws IOException {
    Path data = Files.createDirectory(directory.resolve("data"));
    Files.setPosixFilePermissions(data, Set.of());
    // Root may look into it all the same.
    assumeThat(Files.isReadable(data)).isFalse();
    assertThat(Answer.to("doctor", "--data", data.toString()).out())
        .contains("FAIL  tokens: " + data + ": cannot look into it, this user has no right to")
        .contains("FAIL  engine: ")
        .doesNotContain("remove the file", "will be created", "Exception");
  }

  @Test
  void theDoctorTrustsTheCertificateOfTheConfiguration(@TempDir Path directory) throws Exception {
    Path store = directory.resolve("store.p12");
    Process keytool =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                "-genkeypair",
                "-alias",
                "x",
                "-keyalg",
                "EC",
                "-dname",
                "CN=x",
                "-ext",
                "SAN=ip:127.0.0.1",
                "-keystore",
                store.toString(),
                "-storepass",
                "secret")
            .redirectErrorStream(true)
            .start();
    keytool.getInputStream().readAllBytes();
    assertThat(keytool.waitFor()).isZero();
    KeyStore keys = KeyStore.getInstance("PKCS12");
    try (InputStream in = Files.newInputStream(store)) {
      keys.load(in, "secret".toCharArray());
    }
    Path certificate = pem(directory, "CERTIFICATE", keys.getCertificate("x").getEncoded());
    Path key = pem(directory, "PRIVATE KEY", keys.getKey("x", "secret".toCharArray()).getEncoded());
    Path file =
        Files.writeString(
            directory.resolve("sluice.yaml"),
            "http:\n  tls:\n    certificate: " + certificate + "\n    key: " + key + "\n");
    KeyManagerFactory managers =
        KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    managers.init(keys, "secret".toCharArray());
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(managers.getKeyManagers(), null, null);
    HttpsServer server =
        HttpsServer.create(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0), 0);
    server.setHttpsConfigurator(new HttpsConfigurator(context));
    server.createContext(
        "/",
        exchange -> {
          exchange.sendResponseHeaders(200, -1);
          exchange.close();
        });
    server.start();
    try {
      String port = Integer.toString(server.getAddress().getPort());
      String url = "https://127.0.0.1:" + port;
      String[] doctor = {"doctor", "--data", directory.toString(), "--server"};
      assertThat(Answer.to(with(doctor, url)).out())
          .contains("certificate comes from nobody that is trusted here")
          .doesNotContain("PKIX", "Exception");
      assertThat(Answer.to(with(doctor, url, "--ca-file", certificate.toString())).out())
          .contains("ok    server: ");
      assertThat(Answer.to(with(doctor, url, "--config", file.toString())).out())
          .contains("ok    server: ");
      assertThat(Answer.to(with(doctor, "http://127.0.0.1:" + port)).out())
          .contains("FAIL  server: ", "does it want https://?")
          .doesNotContain("Exception", "u0015");
      assertThat(Answer.to("queues", "list", "--server", url).err())
          .contains("cannot trust " + url, "nobody that is trusted here (see --ca-file)")
          .doesNotContain("PKIX");
    } finally {
      server.stop(0);
    }
  }

  private static Path pem(Path directory, String what, byte[] bytes) throws IOException {
    return Files.writeString(
        directory.resolve(what.toLowerCase(Locale.ROOT).replace(' ', '-') + ".pem"),
        "-----BEGIN "
            + what
            + "-----\n"
            + Base64.getMimeEncoder().encodeToString(bytes)
            + "\n-----END "
            + what
            + "-----\n");
  }

  @Test
  void fileThatIsNoDatabaseIsOneSentenceAndCode1(@TempDir Path directory) throws IOException {
    Path file = Files.writeString(directory.resolve("x.db"), "not a database".repeat(1000));
    Answer answer = Answer.to("demo", "--engine", "sqlite:" + file, "--port", "0");

    assertThat(answer.code()).isEqualTo(1);
    assertThat(answer.err().lines()).hasSize(1);
    assertThat(answer.err()).contains(file.toString()).doesNotContain("\tat ");
  }
}
