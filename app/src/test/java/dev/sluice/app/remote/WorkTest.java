package dev.sluice.app.remote;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.app.remote.FakeServer.Reply;
import dev.sluice.app.remote.FakeServer.Request;
import dev.sluice.app.remote.Shell.Answer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(value = 60, threadMode = ThreadMode.SEPARATE_THREAD)
final class WorkTest {
  private static final String LEASE = "POST /v1/queues/mail/jobs:lease";
  private static final String RECORDED = "";

  private FakeServer server;
  private Shell shell;
  private final BlockingQueue<String> jobs = new LinkedBlockingQueue<>();

  @BeforeEach
  void start() throws IOException {
    server = FakeServer.start();
    shell = Shell.of(server);
    server.on(LEASE, this::lease);
    for (String verb : List.of("complete", "fail", "release")) {
      server.on("POST /v1/leases/tok:" + verb, 204, RECORDED);
    }
  }

  @AfterEach
  void stop() {
    shell.stop.countDown();
    server.close();
  }

  private Reply lease(Request request) {
    try {
      String job = jobs.poll(100, TimeUnit.MILLISECONDS);
      return Reply.of(200, "{\"jobs\":[" + (job == null ? "" : job) + "]}");
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
      return Reply.of(503, "{}");
    }
  }

  private static String job(String payload) {
    return "{\"id\":\"j-1\",\"queue\":\"mail\",\"type\":\"t\",\"attempt\":2,\"epoch\":5,"
        + payload
        + "\"headers\":{},\"lease\":{\"token\":\"tok\",\"expiresAt\":\"2026-11-24T01:00:00Z\"}}";
  }

  private CompletableFuture<Answer> work(String command, String... more) {
    List<String> args =
        new java.util.ArrayList<>(List.of("work", "--queue", "mail", "--exec", command));
    args.addAll(List.of(more));
    return CompletableFuture.supplyAsync(
        () -> shell.run(args.toArray(String[]::new)),
        task -> Thread.ofVirtual().name("work").start(task));
  }

  private Answer stopped(CompletableFuture<Answer> work) {
    shell.stop.countDown();
    return work.join();
  }

  @Test
  void theCommandFindsThePayloadAndTheJobsData() throws InterruptedException {
    jobs.add(job("\"payload\":{\"n\":1.10},"));
    CompletableFuture<Answer> work =
        work(
            "cat; echo \" $SLUICE_JOB_ID $SLUICE_QUEUE $SLUICE_TYPE $SLUICE_ATTEMPT $SLUICE_EPOCH\"");

    assertThat(server.await(LEASE).body())
        .isEqualTo("{\"max\":1,\"lease\":\"30s\",\"wait\":\"0s\"}");
    server.await("POST /v1/leases/tok:complete");
    assertThat(server.await(LEASE).body()).contains("\"wait\":\"2s\"");
    Answer answer = stopped(work);
    assertThat(answer.code()).isZero();
    assertThat(answer.out())
        .contains("{\"n\":1.10} j-1 mail t 2 5\n")
        .contains("j-1 attempt 2 done");
  }

  @Test
  void aSecondCtrlCLeavesTheJobToItsLease(@TempDir Path folder) throws Exception {
    Path began = folder.resolve("began");
    Process fifo = new ProcessBuilder("mkfifo", began.toString()).start();
    assertThat(fifo.waitFor()).isZero();
    jobs.add(job(""));
    CompletableFuture<Answer> work = work("echo x >" + began + "; exec sleep 1000");
    Files.readString(began);
    shell.stop.countDown();
    shell.lastWords.run();

    Answer answer = work.join();
    assertThat(answer.out()).doesNotContain("j-1");
    for (String verb : List.of("complete", "fail", "release")) {
      assertThat(server.all("POST /v1/leases/tok:" + verb)).isEmpty();
    }
  }

  @Test
  void aWorkerThatIsRefusedDoesNotSayThatItWorks() {
    server.on(LEASE, 404, "{\"detail\":\"there is no queue 'mail'\"}");
    Answer answer = work("true").join();
    assertThat(answer.code()).isEqualTo(1);
    assertThat(answer.err()).contains("there is no queue 'mail'").doesNotContain("works on");
  }

  @Test
  void aPayloadThatIsNoJsonComesAsItsBytes() throws InterruptedException {
    jobs.add(job("\"payloadBase64\":\"aGk=\",\"contentType\":\"text/plain\","));
    CompletableFuture<Answer> work = work("cat; echo \" $SLUICE_CONTENT_TYPE\"");

    server.await("POST /v1/leases/tok:complete");
    assertThat(stopped(work).out()).contains("hi text/plain\n");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "echo no route >&2; exit 75 | {\"error\":\"no route\"}",
        "echo first >&2; echo last >&2; exit 3 | {\"error\":\"last\"}",
        "exit 4 | {\"error\":\"the command ended with exit code 4\"}",
        "echo bad >&2; exit 65 | {\"error\":\"bad\",\"bury\":true}",
        "kill -9 $$ | {\"error\":\"the command ended with exit code 137\"}",
      })
  void theExitCodeSaysHowItEnded(String command, String body) throws InterruptedException {
    jobs.add(job(""));
    CompletableFuture<Answer> work = work(command);

    assertThat(server.await("POST /v1/leases/tok:fail").body()).isEqualTo(body);
    assertThat(stopped(work).code()).isZero();
  }

  @Test
  void theLeaseIsExtendedWhileTheCommandRuns(@TempDir Path folder)
      throws IOException, InterruptedException {
    Path go = folder.resolve("go");
    server.on("POST /v1/leases/tok:extend", 200, "{\"cancelRequested\":false,\"quiet\":false}");
    jobs.add(job(""));
    CompletableFuture<Answer> work =
        work("until [ -e " + go + " ]; do sleep 0.05; done", "--lease", "1s");

    assertThat(server.await("POST /v1/leases/tok:extend").body()).isEqualTo("{\"lease\":\"1s\"}");
    server.await("POST /v1/leases/tok:extend");
    Files.createFile(go);
    server.await("POST /v1/leases/tok:complete");
    stopped(work);
  }

  /// A command that starts another process and hears no TERM.
  private static String stubborn(Path pids) {
    return "trap '' TERM; sleep 1000 & echo $! $$ > "
        + pids
        + ".part; mv "
        + pids
        + ".part "
        + pids
        + "; while :; do sleep 1000; done";
  }

  private static void assertAllGone(Path pids) throws IOException {
    for (String pid : Files.readString(pids).strip().split(" ", -1)) {
      ProcessHandle.of(Long.parseLong(pid)).ifPresent(handle -> handle.onExit().join());
    }
  }

  @Test
  void aLostLeaseKillsTheCommandAndAllItStarted(@TempDir Path folder)
      throws IOException, InterruptedException {
    Path pids = folder.resolve("pids");
    server.on(
        "POST /v1/leases/tok:extend",
        _ ->
            Files.exists(pids)
                ? Reply.of(409, "{\"reason\":\"lease-lost\",\"detail\":\"lost\"}")
                : Reply.of(200, "{}"));
    jobs.add(job(""));
    CompletableFuture<Answer> work = work(stubborn(pids), "--lease", "1s", "--kill-after", "100ms");

    while (server.all("POST /v1/leases/tok:extend").isEmpty() || !Files.exists(pids)) {
      server.await("POST /v1/leases/tok:extend");
    }
    Answer answer = stopped(work);
    assertAllGone(pids);
    assertThat(answer.out()).contains("lease lost, command killed");
    assertThat(server.all("POST /v1/leases/tok:fail")).isEmpty();
  }

  @Test
  void aCancelKillsTheCommandAndIsTold(@TempDir Path folder)
      throws IOException, InterruptedException {
    Path pids = folder.resolve("pids");
    server.on(
        "POST /v1/leases/tok:extend",
        _ -> Reply.of(200, "{\"cancelRequested\":" + Files.exists(pids) + "}"));
    jobs.add(job(""));
    CompletableFuture<Answer> work = work(stubborn(pids), "--lease", "1s", "--kill-after", "100ms");

    assertThat(server.await("POST /v1/leases/tok:fail").body())
        .isEqualTo("{\"error\":\"cancelled\"}");
    assertAllGone(pids);
    assertThat(stopped(work).out()).contains("cancelled, command killed");
  }

  @Test
  void aStopLetsCommandsEndWithinTheGrace(@TempDir Path folder)
      throws IOException, InterruptedException {
    Path go = folder.resolve("go");
    Path began = folder.resolve("began");
    jobs.add(job(""));
    CompletableFuture<Answer> work =
        work(
            "touch " + began + "; until [ -e " + go + " ]; do sleep 0.05; done",
            "--concurrency",
            "2");
    while (!Files.exists(began)) {
      server.await(LEASE);
    }
    shell.stop.countDown();
    Files.createFile(go);

    assertThat(work.join().out()).contains("j-1 attempt 2 done");
    assertThat(server.all("POST /v1/leases/tok:complete")).hasSize(1);
  }

  @Test
  void aStopKillsAndReleasesWhatDoesNotEnd(@TempDir Path folder)
      throws IOException, InterruptedException {
    Path pids = folder.resolve("pids");
    jobs.add(job(""));
    CompletableFuture<Answer> work =
        work(stubborn(pids), "--concurrency", "2", "--grace", "50ms", "--kill-after", "50ms");
    while (!Files.exists(pids)) {
      server.await(LEASE);
    }

    Answer answer = stopped(work);
    assertAllGone(pids);
    assertThat(answer.out()).contains("released");
    assertThat(server.all("POST /v1/leases/tok:release")).hasSize(1);
  }

  @Test
  void anOutageIsToldOnceAndSurvived() throws InterruptedException {
    BlockingQueue<Integer> outage = new LinkedBlockingQueue<>(List.of(1, 2));
    server.on(
        LEASE,
        request -> outage.poll() == null ? lease(request) : Reply.of(502, "{\"detail\":\"away\"}"));
    jobs.add(job(""));
    CompletableFuture<Answer> work = work("true");

    server.await("POST /v1/leases/tok:complete");
    Answer answer = stopped(work);
    assertThat(answer.err().lines().filter(line -> line.contains("away"))).hasSize(1);
    assertThat(answer.code()).isZero();
  }

  @Test
  void aQueueThatIsNotThereEndsTheWorker() {
    server.on(LEASE, 404, "{\"detail\":\"queue: 'mail' is not known\"}");

    Answer answer = work("true").join();

    assertThat(answer.code()).isEqualTo(1);
    assertThat(answer.err()).contains("is not known");
  }

  @Test
  void linesForScriptsAreJson() throws InterruptedException {
    jobs.add(job(""));
    CompletableFuture<Answer> work = work("echo hello; exit 75", "--json");

    server.await("POST /v1/leases/tok:fail");
    Answer answer = stopped(work);
    assertThat(answer.out()).contains("\"job\":\"j-1\",\"attempt\":2", "\"exitCode\":75");
    assertThat(answer.err()).contains("hello\n");
  }
}
