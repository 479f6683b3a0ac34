package dev.sluice.app.remote;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.app.remote.FakeServer.Reply;
import dev.sluice.app.remote.FakeServer.Request;
import dev.sluice.app.remote.Shell.Answer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(value = 60, threadMode = ThreadMode.SEPARATE_THREAD)
final class EnqueueTest {
  private static final String JOBS = "POST /v1/queues/mail/jobs";

  private FakeServer server;
  private Shell shell;

  @BeforeEach
  void start() throws IOException {
    server = FakeServer.start();
    shell = Shell.of(server);
  }

  @AfterEach
  void stop() {
    server.close();
  }

  @Test
  void sendsThePayloadAsItStandsAndTheOptions() throws InterruptedException {
    server.on(JOBS, 202, "{\"id\":\"a-1\",\"state\":\"READY\",\"position\":3}");

    Answer answer =
        shell.run(
            "enqueue",
            "mail",
            "{\"n\": 1.10}",
            "--type",
            "hello",
            "--key",
            "k",
            "--delay",
            "2m",
            "--priority",
            "high",
            "--max-attempts",
            "3",
            "--header",
            "a=b");

    assertThat(answer).isEqualTo(new Answer(0, "a-1 READY, number 3 in line\n", ""));
    assertThat(server.await(JOBS).body())
        .isEqualTo(
            "{\"payload\":{\"n\": 1.10},\"type\":\"hello\",\"key\":\"k\",\"delay\":\"120s\","
                + "\"priority\":\"high\",\"maxAttempts\":3,\"headers\":{\"a\":\"b\"}}");
  }

  @Test
  void saysThatAJobIsThereAlready() {
    server.on(JOBS, 200, "{\"id\":\"a-1\",\"duplicate\":true}");

    assertThat(shell.run("enqueue", "mail", "--key", "k").out())
        .isEqualTo("a-1 is there already, with this key\n");
    assertThat(shell.run("enqueue", "mail", "--json").out())
        .isEqualTo("{\"id\":\"a-1\",\"duplicate\":true}\n");
  }

  @ParameterizedTest
  @CsvSource({"401", "403", "404", "409", "413", "422", "429", "503"})
  void tellsInTheServersWordsWhyNot(int status) {
    server.on(
        JOBS,
        status,
        "{\"detail\":\"no \\u001b[31mroom\",\"errors\":[{\"pointer\":\"/delay\",\"detail\":\"x\"}]}");

    Answer answer = shell.run("enqueue", "mail");

    assertThat(answer.code()).isEqualTo(1);
    assertThat(answer.out()).isEmpty();
    assertThat(answer.err().lines()).hasSize(1);
    assertThat(answer.err()).contains("says: no \\u001b[31mroom (/delay)").doesNotContain("\u001b");
  }

  @Test
  void somethingElseThanSluiceIsOneSentence() {
    server.on(JOBS, 200, "<html>");
    assertThat(shell.run("enqueue", "mail").err()).contains("is it Sluice?");
    server.on(JOBS, 502, "<html>");
    assertThat(shell.run("enqueue", "mail").err()).contains("status 502", "is it Sluice?");
  }

  @Test
  void nobodyThereIsOneSentence() {
    server.close();

    assertThat(shell.run("enqueue", "mail"))
        .isEqualTo(
            new Answer(
                1,
                "",
                "cannot reach " + server.url() + ": is the server running? (./sluice serve)\n"));
  }

  @ParameterizedTest
  @CsvSource({
    "enqueue mail nope, must be JSON",
    "enqueue mail 1 2, Unmatched argument",
    "enqueue mail 1 --ndjson, together",
    "enqueue mail --delay 1s --run-at 2026-12-24T18:00:00Z, together",
    "enqueue mail --delay soon, must be like",
    "enqueue mail --priority urgent, priority",
    "enqueue mail --file /no/such/file, cannot be read",
    "enqueue mail --server ftp://x, must be like",
    "enqueue mail --server http://u:p@h, must be like",
    "enqueue mail --token-file /no/such/file, cannot be read",
    "enqueue mail --ca-file /no/such/file, cannot be read",
  })
  void badUsageIsCode2(String line, String part) {
    Answer answer = shell.run(line.split(" ", -1));

    assertThat(answer.code()).as(answer.err()).isEqualTo(2);
    assertThat(answer.err()).contains(part);
    assertThat(server.all("")).isEmpty();
  }

  @Test
  void theTokenComesFromAFileOrTheEnvironmentAndIsNeverShown(@TempDir Path folder)
      throws IOException, InterruptedException {
    server.on(JOBS, 202, "{\"id\":\"a\",\"state\":\"READY\"}");
    Path file = Files.writeString(folder.resolve("token"), "from-file\n");

    shell.variables.put("SLUICE_TOKEN", "from-variable");
    shell.run("enqueue", "mail");
    assertThat(server.await(JOBS).header("Authorization")).contains("Bearer from-variable");

    shell.run("enqueue", "mail", "--token-file", file.toString());
    assertThat(server.await(JOBS).header("Authorization")).contains("Bearer from-file");

    shell.variables.put("SLUICE_TOKEN", "two words");
    Answer answer = shell.run("enqueue", "mail");
    assertThat(answer.code()).isEqualTo(2);
    assertThat(answer.err()).contains("SLUICE_TOKEN").doesNotContain("two words");
  }

  @Test
  void readsAPayloadFromAFileOrStandardInput(@TempDir Path folder)
      throws IOException, InterruptedException {
    server.on(JOBS, 202, "{\"id\":\"a\",\"state\":\"READY\"}");
    Path file = Files.writeString(folder.resolve("payload"), "[1,\n2]\n");
    shell.run("enqueue", "mail", "--file", file.toString());
    assertThat(server.await(JOBS).body()).isEqualTo("{\"payload\":[1,\n2]}");

    shell.in = "\"é\"";
    shell.run("enqueue", "mail", "--file", "-");
    assertThat(server.await(JOBS).body()).isEqualTo("{\"payload\":\"é\"}");
  }

  private static String lines(int count, String end) {
    return IntStream.range(0, count)
        .mapToObj(i -> "{\"payload\":" + i + end + "}\n")
        .collect(Collectors.joining());
  }

  private static Reply accepted(Request request) {
    return Reply.of(
        200,
        request
            .body()
            .lines()
            .map(_ -> "{\"id\":\"a\",\"state\":\"READY\"}\n")
            .collect(Collectors.joining()));
  }

  @Test
  void sendsAStreamInPieces() {
    server.on(JOBS, EnqueueTest::accepted);
    shell.in = lines(1200, "") + "\n\n";

    Answer answer = shell.run("enqueue", "mail", "--ndjson", "--type", "t");

    assertThat(answer.code()).isZero();
    assertThat(answer.out()).startsWith("1,200 accepted, 0 duplicate; ");
    assertThat(server.all(JOBS)).hasSize(3);
    assertThat(server.all(JOBS).getFirst().body())
        .startsWith("{\"payload\":0,\"type\":\"t\"}\n{\"payload\":1,");
  }

  @Test
  void linesThatAreRefusedForNowAreSentAgainFirst() {
    AtomicInteger calls = new AtomicInteger();
    server.on(
        JOBS,
        request ->
            calls.getAndIncrement() == 0
                ? Reply.of(
                    200,
                    "{\"id\":\"a\",\"duplicate\":true}\n"
                        + "{\"error\":{\"line\":2,\"status\":503,\"reason\":\"capacity-jobs\","
                        + "\"detail\":\"full\",\"retryAfterMs\":10}}\n"
                        + "{\"error\":{\"line\":3,\"status\":422,\"detail\":\"bad delay\"}}\n")
                : accepted(request));
    shell.in = lines(3, "");

    Answer answer = shell.run("enqueue", "mail", "--ndjson");

    assertThat(answer.code()).isEqualTo(1);
    assertThat(answer.out())
        .startsWith("1 accepted, 1 duplicate, 1 bad; ")
        .contains("1 refusal on the way");
    assertThat(answer.err()).isEqualTo("line 3: bad delay\n");
    assertThat(server.all(JOBS).getLast().body()).isEqualTo("{\"payload\":1}\n");
  }

  @Test
  void givesUpAfterATimeWithoutProgress() {
    server.on(JOBS, 503, "{\"detail\":\"full\",\"retryAfterMs\":5}");
    shell.in = lines(2, "");

    Answer answer = shell.run("enqueue", "mail", "--ndjson", "--give-up", "30ms");

    assertThat(answer.code()).isEqualTo(1);
    assertThat(answer.out()).contains("0 accepted", "2 given up");
    assertThat(answer.err()).contains("gave up: nothing was accepted for 30ms");
  }

  @Test
  void onlyLinesWithAKeyAreSentAgainWhenTheirAnswerIsMissing() {
    AtomicInteger calls = new AtomicInteger();
    server.on(
        JOBS, request -> calls.getAndIncrement() == 0 ? Reply.of(-200, "") : accepted(request));
    shell.in = lines(2, "") + lines(1, ",\"key\":\"k\"");

    Answer answer = shell.run("enqueue", "mail", "--ndjson");

    assertThat(answer.code()).isEqualTo(1);
    assertThat(answer.out()).startsWith("1 accepted, 0 duplicate, 2 unknown");
    assertThat(server.all(JOBS).getLast().body()).isEqualTo("{\"payload\":0,\"key\":\"k\"}\n");
  }

  @Test
  void linesThatAreNoJobsAreNotSent() {
    server.on(JOBS, EnqueueTest::accepted);
    shell.in = "nonsense\n[1]\n{\"payload\":1}";

    Answer answer = shell.run("enqueue", "mail", "--ndjson", "--json");

    assertThat(answer.code()).isEqualTo(1);
    assertThat(answer.out().lines())
        .contains(
            "{\"line\":1,\"detail\":\"is no JSON\"}",
            "{\"line\":2,\"detail\":\"must be a JSON object\"}",
            "{\"line\":3,\"id\":\"a\",\"state\":\"READY\"}");
  }

  @Test
  void aWrongTokenEndsAStreamAtOnce() {
    server.on(JOBS, 401, "{\"detail\":\"a token is needed\"}");
    shell.in = lines(2, "");

    Answer answer = shell.run("enqueue", "mail", "--ndjson");

    assertThat(answer.code()).isEqualTo(1);
    assertThat(answer.err()).contains("a token is needed (see --token-file)");
    assertThat(server.all(JOBS)).hasSize(1);
  }
}
