package dev.sluice.app;

import dev.sluice.app.config.Configuration;
import dev.sluice.app.remote.ConnectionTrouble;
import dev.sluice.app.remote.Trust;
import dev.sluice.server.TlsFiles;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// `sluice doctor`: whether the server could do its work here, and what to mend if not.
///
/// Threading: confined to the main thread.
@Command(
    name = "doctor",
    description = "Checks machine, disk, clock, limits, configuration, engine and port.",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    footer = {"", "Exit codes: 0 nothing fails, 1 something does."})
final class DoctorCommand implements Callable<Integer> {
  private static final Duration PATIENCE = Duration.ofSeconds(5);
  private static final int MOST_SAID = 500;

  @SuppressWarnings("NullAway.Init") // picocli sets it
  @Spec
  private CommandSpec spec;

  @SuppressWarnings("NullAway.Init") // picocli sets it
  @Mixin
  private ConfigOptions options;

  @Option(
      names = "--server",
      paramLabel = "URL",
      description = "Asks a server that runs whether it is ready, too.")
  private @Nullable URI server;

  @Option(
      names = "--ca-file",
      paramLabel = "FILE",
      description =
          "Certificates (PEM) to trust instead of the system's, for --server. Default: the system's"
              + " and the one of the configuration.")
  private @Nullable Path caFile;

  @Override
  public Integer call() throws InterruptedException {
    List<Finding> findings = new ArrayList<>();
    Optional<Path> own = Optional.empty();
    try {
      Configuration configuration = options.load(List.of());
      EngineConfig engine = options.engine(configuration);
      options.check(configuration);
      findings.add(
          Finding.ok(
              "config",
              configuration.file().map(file -> file + " is valid").orElse("no file, defaults")));
      own = configuration.server().tls().map(TlsFiles::certificate);
      findings.addAll(new Doctor(configuration, engine).findings());
    } catch (ParameterException bad) {
      findings.add(Finding.fail("config", String.valueOf(bad.getMessage()), "mend that first"));
    }
    if (server != null) {
      findings.add(ask(server, own));
    }
    PrintWriter out = spec.commandLine().getOut();
    findings.forEach(finding -> out.println(finding.line()));
    return findings.stream().anyMatch(finding -> finding.grade() == Finding.Grade.FAIL)
        ? Main.FAILED
        : Main.FINE;
  }

  /// @param own the certificate that the configuration names
  private Finding ask(URI server, Optional<Path> own) throws InterruptedException {
    String mend = "see whether it runs, and its log";
    HttpClient.Builder builder = HttpClient.newBuilder().connectTimeout(PATIENCE);
    try {
      if (caFile != null) {
        builder.sslContext(Trust.in(caFile));
      } else {
        own.ifPresent(file -> builder.sslContext(Trust.besides(file)));
      }
    } catch (IllegalArgumentException bad) {
      throw options.bad(bad);
    }
    try (HttpClient client = builder.build()) {
      HttpResponse<String> answer =
          client.send(
              HttpRequest.newBuilder(server.resolve("/health/ready")).timeout(PATIENCE).build(),
              BodyHandlers.ofString());
      return answer.statusCode() == 200
          ? Finding.ok("server", server + " is ready")
          : Finding.fail("server", server + " answers " + answer.statusCode() + said(answer), mend);
    } catch (IOException failure) {
      return Finding.fail(
          "server", server + " cannot be asked: " + ConnectionTrouble.words(failure), mend);
    } catch (IllegalArgumentException bad) {
      return Finding.fail(
          "server", "'" + server + "' must be like http://127.0.0.1:8080", "mend --server");
    }
  }

  private static String said(HttpResponse<String> answer) {
    String body = answer.body().strip();
    String said = body.length() <= MOST_SAID ? body : body.substring(0, MOST_SAID) + "...";
    return said.isEmpty() ? "" : ": " + said;
  }
}
