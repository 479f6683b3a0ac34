package dev.sluice.app.remote;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.app.remote.FakeServer.Reply;
import dev.sluice.app.remote.Shell.Answer;
import java.io.IOException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Looking at jobs, queues, schedules and events, and steering them.
@Timeout(value = 60, threadMode = ThreadMode.SEPARATE_THREAD)
final class LookTest {
  private static final String QUEUE =
      """
      {"name":"mail","paused":true,"waiting":12,"oldestWaitingAge":"90s","drainPerSecond":1.5,\
      "counts":{"READY":10,"SCHEDULED":2,"RUNNING":1,"DEAD":3},"totals":{"accepted":20,"refused":4}}\
      """;

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
  void listsJobsPageByPage() {
    server
        .on(
            "GET /v1/jobs?queue=mail&state=DEAD&limit=50",
            200,
            "{\"jobs\":[{\"id\":\"a\",\"state\":\"DEAD\",\"queue\":\"mail\",\"type\":\"t\","
                + "\"attempt\":2,\"attempts\":[{\"attempt\":2,\"error\":\"no\\nroute\"}]}],"
                + "\"next\":\"c 1\"}")
        .on("GET /v1/jobs?queue=mail&state=DEAD&limit=49&cursor=c%201", 200, "{\"jobs\":[]}");

    Answer answer = shell.run("jobs", "list", "--queue", "mail", "--state", "dead");

    assertThat(answer.code()).as(answer.err()).isZero();
    assertThat(answer.out())
        .isEqualTo(
            """
            ID  STATE  QUEUE  TYPE  ATTEMPT  AGE  KEY, ERROR
            a   DEAD   mail   t           2       no\\u000aroute
            """);
    assertThat(answer.err()).isEqualTo("1 job\n");
    assertThat(shell.run("jobs", "list", "--queue", "mail", "--state", "dead", "--json").out())
        .startsWith("{\"id\":\"a\",")
        .hasLineCount(1);
  }

  /// As the server tells it to whoever may not see payloads.
  @Test
  void attemptsWithoutTheirErrorAreReadable() {
    String job =
        "{\"id\":\"a\",\"state\":\"DEAD\",\"deathReason\":\"BURIED\",\"attempt\":1,"
            + "\"attempts\":[{\"attempt\":1,\"outcome\":\"TIMED_OUT\"}]}";
    server.on("GET /v1/jobs/a", 200, job).on("GET /v1/jobs", 200, "{\"jobs\":[" + job + "]}");

    assertThat(shell.run("jobs", "show", "a").out())
        .contains("death reason     BURIED\n", "attempt 1        timed out");
    assertThat(shell.run("jobs", "list").out()).contains("KEY, ERROR\n").endsWith(" timed out\n");
  }

  @Test
  void showsAJobAndWaitsForItsEnd() {
    AtomicInteger calls = new AtomicInteger();
    server.on(
        "GET /v1/jobs/a",
        _ ->
            Reply.of(
                200,
                calls.getAndIncrement() == 0
                    ? "{\"id\":\"a\",\"state\":\"RUNNING\"}"
                    : "{\"id\":\"a\",\"state\":\"SUCCEEDED\",\"payloadBytes\":2048,"
                        + "\"payload\":{\"x\":\"\\u202eevil\"},\"headers\":{\"h\":\"v\"}}"));

    assertThat(shell.run("jobs", "show", "a", "--wait", "20ms").code()).isEqualTo(1);
    Answer answer = shell.run("jobs", "show", "a", "--wait", "40s");

    assertThat(answer.code()).isZero();
    assertThat(answer.out())
        .contains("a SUCCEEDED", "payload bytes    2.0 KiB", "h: v", "\\u202eevil")
        .doesNotContain("\u202e");
    assertThat(server.all("GET /v1/jobs/a?wait=30000ms")).hasSize(1);
  }

  @Test
  void steersJobsThatAreNamed() {
    server
        .on("POST /v1/jobs/a:cancel", 202, "{\"state\":\"RUNNING\",\"cancelRequested\":true}")
        .on("POST /v1/jobs/a:run-now", 200, "{\"state\":\"READY\"}")
        .on("DELETE /v1/jobs/a", 204, "");

    assertThat(shell.run("jobs", "cancel", "a").out()).isEqualTo("a RUNNING, was asked to stop\n");
    assertThat(shell.run("jobs", "run-now", "a").out()).isEqualTo("a READY\n");
    assertThat(shell.run("jobs", "delete", "a").out()).isEqualTo("a gone\n");
    Answer half = shell.run("jobs", "cancel", "b", "a");
    assertThat(half.code()).isEqualTo(1);
    assertThat(half.out()).startsWith("a RUNNING");
    assertThat(half.err()).startsWith("b: ");
  }

  @Test
  void steersByFilterOnlyWhenToldYes() {
    server.on(
        "POST /v1/jobs:retry",
        request -> {
          boolean dry = request.body().contains("\"dryRun\":true");
          boolean first = !request.body().contains("cursor");
          return Reply.of(
              200,
              "{\"matched\":5,\"done\":"
                  + (dry ? 0 : 5)
                  + ",\"failed\":0,\"more\":"
                  + first
                  + (first ? ",\"next\":\"n\"" : "")
                  + "}");
        });
    String[] all = {"jobs", "retry", "--all", "--queue", "mail", "--state", "dead"};

    assertThat(shell.run(all))
        .isEqualTo(
            new Answer(1, "would retry 10 jobs\n", "nothing was done: say --yes to do it\n"));
    assertThat(server.all("POST /v1/jobs:retry").getFirst().body())
        .isEqualTo("{\"queue\":\"mail\",\"state\":\"DEAD\",\"dryRun\":true}");
    assertThat(shell.run("jobs", "retry", "--all", "--queue", "mail", "--yes"))
        .isEqualTo(new Answer(0, "retry: 10 jobs\n", ""));
    assertThat(shell.run("jobs", "retry", "--all", "--queue", "mail", "--yes", "--dry-run"))
        .isEqualTo(new Answer(0, "would retry 10 jobs\n", ""));
  }

  @ParameterizedTest
  @CsvSource({
    "jobs, must be one of",
    "jobs cancel, none given",
    "jobs cancel --queue mail, needs --all",
    "jobs cancel a --all --queue mail, together",
    "jobs cancel --all --state dead, needs a --queue",
    "jobs list --limit 0, between 1 and",
    "queues set mail, KEY=VALUE",
    "queues set mail x, must be like",
    "queues set mail a=1 a=2, twice",
    "queues set mail a=1 a.b=2, contradicts",
    "schedules set s --queue q, --cron or --every",
    "top, once",
    "work --queue q, --exec",
    "work --queue q --exec x --concurrency 0, between 1 and",
    "work --queue q --exec x --lease 10ms, between 1s and 12h",
    "completion fish, SHELL",
  })
  void badUsageIsCode2(String line, String part) {
    Answer answer = shell.run(line.split(" ", -1));

    assertThat(answer.code()).as(answer.err()).isEqualTo(2);
    assertThat(answer.err()).contains(part);
    assertThat(server.all("")).isEmpty();
  }

  @Test
  void listsQueuesOnceOrInTheTable() {
    server.on("GET /v1/queues", 200, "{\"queues\":[" + QUEUE + "]}");

    assertThat(shell.run("queues", "list").out())
        .isEqualTo(
            """
            QUEUE  READY  SCHEDULED  RUNNING  DEAD  OLDEST  DRAIN/S  REFUSED  STATE
            mail      10          2        1     3  1m 30s      1.5        4  paused
            """);
    assertThat(shell.run("top", "--once").out())
        .isEqualTo(
            """
            QUEUE  WAITING  RUNNING  IN/S  DONE/S  OLDEST  REFUSED  DEAD  STATE
            mail        12        1     -     1.5  1m 30s        4     3  paused
            """);
  }

  @Test
  void coloursAndCutsAreForTerminals() {
    server.on("GET /v1/queues", 200, "{\"queues\":[" + QUEUE + "]}");
    shell.terminal = true;
    assertThat(shell.run("queues", "list").out()).contains("\u001b[31m").doesNotContain("paused");
    shell.variables.put("NO_COLOR", "1");
    assertThat(shell.run("queues", "list").out()).doesNotContain("\u001b");
  }

  @Test
  void topRefreshesUntilSomebodyPressesQ() {
    server.on("GET /v1/queues", 200, "{\"queues\":[" + QUEUE + "]}");
    shell.terminal = true;
    shell.in = "xq";

    Answer answer = shell.run("top", "--interval", "1h");

    assertThat(answer.code()).isZero();
    assertThat(answer.out()).startsWith("\u001b[?1049h").endsWith("\u001b[?1049l");
  }

  @Test
  void changesQueues() throws InterruptedException {
    server
        .on("PUT /v1/queues/mail", 200, QUEUE)
        .on("GET /v1/queues/mail", 200, QUEUE)
        .on("DELETE /v1/queues/mail", 204, "")
        .on("POST /v1/queues/mail:pause", 200, QUEUE)
        .on("POST /v1/queues/mail:resume", 200, QUEUE)
        .on("POST /v1/queues/mail:purge", 200, "{\"cancelled\":12}");

    Answer set =
        shell.run("queues", "set", "mail", "concurrency=4", "rate=10/s", "capacity.jobs=1000");
    assertThat(set.code()).as(set.err()).isZero();
    assertThat(set.out()).contains("counts.READY", "10");
    assertThat(server.await("PUT").body())
        .isEqualTo("{\"concurrency\":4,\"rate\":\"10/s\",\"capacity\":{\"jobs\":1000}}");
    assertThat(set.err()).isEmpty();
    assertThat(shell.run("queues", "show", "mail").out()).contains("oldestWaitingAge");
    assertThat(shell.run("queues", "reset", "mail").out()).contains("as it is configured");
    assertThat(shell.run("queues", "pause", "mail").out()).isEqualTo("mail is paused\n");
    assertThat(shell.run("queues", "resume", "mail").out()).isEqualTo("mail is open\n");
    assertThat(shell.run("queues", "purge", "mail"))
        .isEqualTo(
            new Answer(1, "would cancel 12 jobs\n", "nothing was done: say --yes to do it\n"));
    assertThat(server.all("POST /v1/queues/mail:purge")).isEmpty();
    assertThat(shell.run("queues", "purge", "mail", "--yes").out())
        .isEqualTo("cancelled 12 jobs\n");
  }

  @Test
  void countsNearTheTruthSaySo() {
    String near = QUEUE.replaceFirst("\\{", "{\"approximate\":true,");
    server
        .on("GET /v1/queues", 200, "{\"queues\":[" + near + "]}")
        .on("GET /v1/queues/mail", 200, near);

    assertThat(shell.run("queues", "list").out()).contains("   ~10  ");
    assertThat(shell.run("queues", "show", "mail").out().replaceAll(" +", " "))
        .contains("counts.READY ~10\n", "waiting ~12\n")
        .doesNotContain("approximate");
    assertThat(shell.run("queues", "purge", "mail"))
        .isEqualTo(
            new Answer(
                1,
                "would cancel ~12 jobs\n",
                "nothing was done, and jobs that wait on a broker cannot be cancelled\n"));
  }

  @Test
  void changesSchedules() throws InterruptedException {
    String schedule = "{\"name\":\"s\",\"queue\":\"q\",\"cron\":\"0 3 * * *\"}";
    server
        .on("PUT /v1/schedules/s", 201, schedule)
        .on(
            "GET /v1/schedules",
            200,
            "{\"schedules\":["
                + schedule
                + "],\"notInForce\":[{\"name\":\"old\",\"queue\":\"gone\",\"reason\":\"why\"}]}")
        .on("DELETE /v1/schedules/s", 204, "");

    Answer set =
        shell.run(
            "schedules", "set", "s", "--queue", "q", "--cron", "0 3 * * *", "--payload", "{}");
    assertThat(set.code()).as(set.err()).isZero();
    assertThat(server.await("PUT").body())
        .isEqualTo("{\"queue\":\"q\",\"cron\":\"0 3 * * *\",\"payload\":{}}");
    assertThat(shell.run("schedules", "list").out())
        .contains("0 3 * * *")
        .containsPattern("old +gone +not in force: why");
    assertThat(shell.run("schedules", "delete", "s").out()).isEqualTo("s is removed\n");
  }

  @Test
  void tailGoesOnWhereItWasCut() {
    AtomicInteger calls = new AtomicInteger();
    server.on(
        "GET /v1/events?queue=mail",
        _ ->
            Reply.of(
                    200,
                    calls.getAndIncrement() == 0
                        ? ": hello\n\nid: 7\nevent: died\ndata: {\"type\":\"died\",\"id\":\"a\","
                            + "\"queue\":\"mail\",\"jobType\":\"t\",\"error\":\"\\u001b[2J\"}\n\n"
                        : "id: 8\ndata: {\"type\":\"started\",\"id\":\"b\",\"queue\":\"mail\"}\n\n")
                .with("Content-Type", "text/event-stream"));

    Answer answer = shell.run("tail", "--queue", "mail", "--limit", "2");

    assertThat(answer.code()).isZero();
    assertThat(answer.out())
        .containsPattern("died +mail +a +job type t, error \\\\u001b\\[2J\n")
        .containsPattern("started +mail +b");
    assertThat(server.all("GET /v1/events").getLast().header("Last-event-id")).contains("7");
  }

  @Test
  void tailEndsWhenTheServerSaysNo() {
    server.on("GET /v1/events", 403, "{\"detail\":\"this token may not read\"}");

    Answer answer = shell.run("tail");

    assertThat(answer.code()).isEqualTo(1);
    assertThat(answer.err()).contains("this token may not read");
  }

  @Test
  void completionKnowsTheCommands() {
    assertThat(shell.run("completion", "bash").out()).contains("run-now", "complete -F");
    assertThat(shell.run("completion", "zsh").out()).startsWith("autoload");
  }

  @Test
  void aQueueThatWasMadeOrGoesIsSaidToBe() {
    server
        .on("PUT /v1/queues/mial", 201, "{\"name\":\"mial\",\"oldestWaitingAge\":\"131666ms\"}")
        .on("DELETE /v1/queues/mial", 204, "");
    Answer set = shell.run("queues", "set", "mial", "concurrency=4");
    assertThat(set.code()).isZero();
    assertThat(set.out()).contains("2m 11s");
    assertThat(set.err()).isEqualTo("there was no queue mial: it was made\n");
    server.on("GET /v1/queues/mial", 200, "{\"name\":\"mial\",\"origin\":\"created\"}");
    assertThat(shell.run("queues", "reset", "mial").out())
        .isEqualTo("mial is removed, no configuration names it\n");
  }

  @Test
  void keysOfSchedulesLeaveRoomForTheRest() {
    server.on(
        "GET /v1/jobs",
        200,
        "{\"jobs\":[{\"id\":\"a\",\"state\":\"READY\",\"key\":\"schedule:t@1#2#abc\"}]}");
    assertThat(shell.run("jobs", "list").out()).contains("schedule:t@1#2").doesNotContain("abc");
  }
}
