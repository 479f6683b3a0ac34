package dev.sluice.app.remote;

import dev.sluice.job.SluiceException;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/// The program with the commands of this package, in surroundings that a test makes.
///
/// Threading: commands run on the thread that asks; the rest is thread-safe.
final class Shell implements Surroundings {
  @Command(name = "sluice")
  private static final class Root {}

  record Answer(int code, String out, String err) {}

  final Map<String, String> variables = new ConcurrentHashMap<>();
  final CountDownLatch stop = new CountDownLatch(1);
  volatile Runnable lastWords = () -> {};
  String in = "";
  boolean terminal;

  static Shell of(FakeServer server) {
    Shell shell = new Shell();
    shell.variables.put("SLUICE_SERVER", server.url());
    shell.variables.put("PATH", System.getenv("PATH"));
    return shell;
  }

  Answer run(String... args) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    CommandLine program = new CommandLine(new Root());
    RemoteCommands.addTo(program, this);
    int code =
        program
            .setOut(new PrintWriter(out, true))
            .setErr(new PrintWriter(err, true))
            .setCaseInsensitiveEnumValuesAllowed(true)
            .setParameterExceptionHandler((bad, _) -> {
              bad.getCommandLine().getErr().println(bad.getMessage());
              return 2;
            })
            .setExecutionExceptionHandler((failure, line, _) -> {
              line.getErr().println(failure.getMessage());
              if (!(failure instanceof SluiceException)) {
                throw failure;
              }
              return 1;
            })
            .execute(args);
    return new Answer(code, out.toString(), err.toString());
  }

  @Override
  public Optional<String> variable(String name) {
    return Optional.ofNullable(variables.get(name));
  }

  @Override
  public InputStream in() {
    return new ByteArrayInputStream(in.getBytes(StandardCharsets.UTF_8));
  }

  @Override
  public boolean outIsTerminal() {
    return terminal;
  }

  @Override
  public boolean errIsTerminal() {
    return terminal;
  }

  @Override
  public int columns() {
    return 60;
  }

  @Override
  public Restore singleKeys() {
    return () -> {};
  }

  @Override
  public Stop stops(Runnable words) {
    lastWords = words;
    return stop::await;
  }
}
