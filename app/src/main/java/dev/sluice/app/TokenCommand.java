package dev.sluice.app;

import dev.sluice.engine.Environment;
import dev.sluice.job.Names;
import dev.sluice.server.Durations;
import dev.sluice.server.Scope;
import dev.sluice.server.Token;
import dev.sluice.server.Tokens;
import java.io.PrintWriter;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `sluice token`: who may call the server. Works on the data folder; a server that runs on it
/// notices.
///
/// Threading: confined to the main thread.
@Command(
    name = "token",
    description = "Makes, lists and revokes the tokens of the server.",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    subcommands = {TokenCommand.Create.class, TokenCommand.Show.class, TokenCommand.Revoke.class})
final class TokenCommand implements Callable<Integer> {
  private static final String SCOPES =
      Arrays.stream(Scope.values()).map(Scope::text).collect(Collectors.joining(", "));

  @SuppressWarnings("NullAway.Init") // picocli sets it
  @Spec
  private CommandSpec spec;

  @Override
  public Integer call() {
    throw new ParameterException(spec.commandLine(), "token: must be create, list or revoke");
  }

  /// `sluice token create`.
  @Command(
      name = "create",
      description = "Makes a token and prints it once; only its hash is kept.",
      mixinStandardHelpOptions = true,
      versionProvider = Version.class)
  static final class Create implements Callable<Integer> {
    @SuppressWarnings("NullAway.Init") // picocli sets it
    @Spec
    private CommandSpec spec;

    @SuppressWarnings("NullAway.Init") // picocli sets it
    @Mixin
    private ConfigOptions options;

    @SuppressWarnings("NullAway.Init") // picocli sets it
    @Option(
        names = "--name",
        required = true,
        paramLabel = "NAME",
        description = "What the audit log calls whoever has it.")
    private String name;

    @SuppressWarnings("NullAway.Init") // picocli sets it
    @Option(
        names = "--scopes",
        required = true,
        split = ",",
        paramLabel = "SCOPE",
        description = "enqueue, work, read, read-payload, operate, admin.")
    private List<String> scopes;

    @Option(
        names = "--queues",
        split = ",",
        paramLabel = "QUEUE",
        description = "The queues it is for. Default: all.")
    private @Nullable List<String> queues;

    @Option(
        names = "--expires",
        paramLabel = "TIME",
        description = "When it ends: 90d, 12h. Default: never.")
    private @Nullable String expires;

    @Option(
        names = "--rate",
        paramLabel = "N/s",
        description = "Most requests in a time: 100/s, 1000/m. Default: no limit.")
    private @Nullable String rate;

    @Override
    public Integer call() {
      Environment.Clock clock = Environment.system().clock();
      Tokens tokens = Tokens.in(ConfigOptions.folder(options.load(List.of())), clock);
      String token;
      try {
        token =
            tokens.create(
                name,
                scopes(),
                Optional.ofNullable(queues).map(Create::names),
                expiry(clock),
                Optional.ofNullable(rate));
      } catch (IllegalArgumentException bad) {
        throw options.bad(bad);
      }
      // Alone on standard output, so that a script can keep it.
      spec.commandLine().getOut().println(token);
      spec.commandLine()
          .getErr()
          .println("This is shown once. Revoke it with: sluice token revoke " + name);
      return Main.FINE;
    }

    private Set<Scope> scopes() {
      Set<Scope> known = EnumSet.noneOf(Scope.class);
      for (String text : scopes) {
        known.add(
            Scope.of(text)
                .orElseThrow(() ->
                    new IllegalArgumentException(
                        "scopes: '" + text + "' must be one of " + SCOPES)));
      }
      return known;
    }

    private static Set<String> names(List<String> queues) {
      Set<String> names = new TreeSet<>();
      queues.forEach(queue -> names.add(Names.require("queues", queue)));
      return names;
    }

    private Optional<Instant> expiry(Environment.Clock clock) {
      if (expires == null) {
        return Optional.empty();
      }
      Duration time;
      try {
        time = Durations.parse(expires);
      } catch (IllegalArgumentException bad) {
        throw new IllegalArgumentException("expires: " + bad.getMessage(), bad);
      }
      if (time.isZero() || time.compareTo(Duration.ofDays(36_500)) > 0) {
        throw new IllegalArgumentException(
            "expires: '" + expires + "' must be between 1ms and 36500d");
      }
      return Optional.of(Instant.ofEpochMilli(clock.wallMillis()).plus(time));
    }
  }

  /// `sluice token list`.
  @Command(
      name = "list",
      description = "Lists the tokens, expired ones included.",
      mixinStandardHelpOptions = true,
      versionProvider = Version.class)
  static final class Show implements Callable<Integer> {
    private static final String LINE = "%-24s %-36s %-24s %-24s %s%n";

    @SuppressWarnings("NullAway.Init") // picocli sets it
    @Spec
    private CommandSpec spec;

    @SuppressWarnings("NullAway.Init") // picocli sets it
    @Mixin
    private ConfigOptions options;

    @Override
    public Integer call() {
      Environment.Clock clock = Environment.system().clock();
      List<Token> tokens = Tokens.in(ConfigOptions.folder(options.load(List.of())), clock).list();
      PrintWriter out = spec.commandLine().getOut();
      if (tokens.isEmpty()) {
        out.println("There is no token: only this machine can call the server.");
        return Main.FINE;
      }
      out.printf(LINE, "NAME", "SCOPES", "QUEUES", "EXPIRES", "RATE");
      for (Token token : tokens) {
        boolean over =
            token.expires().filter(end -> end.toEpochMilli() <= clock.wallMillis()).isPresent();
        out.printf(
            LINE,
            token.name(),
            token.scopes().stream().sorted().map(Scope::text).collect(Collectors.joining(",")),
            token.queues().map(queues -> String.join(",", new TreeSet<>(queues))).orElse("all"),
            over ? "expired" : token.expires().map(Instant::toString).orElse("never"),
            token.rate().orElse("no limit"));
      }
      return Main.FINE;
    }
  }

  /// `sluice token revoke`.
  @Command(
      name = "revoke",
      description = "Ends a token; a running server notices within a second or two.",
      mixinStandardHelpOptions = true,
      versionProvider = Version.class)
  static final class Revoke implements Callable<Integer> {
    @SuppressWarnings("NullAway.Init") // picocli sets it
    @Spec
    private CommandSpec spec;

    @SuppressWarnings("NullAway.Init") // picocli sets it
    @Mixin
    private ConfigOptions options;

    @SuppressWarnings("NullAway.Init") // picocli sets it
    @Parameters(paramLabel = "NAME", description = "The name of the token.")
    private String name;

    @Override
    public Integer call() {
      Tokens tokens =
          Tokens.in(ConfigOptions.folder(options.load(List.of())), Environment.system().clock());
      if (!tokens.revoke(name)) {
        spec.commandLine().getErr().println("name: there is no token '" + name + "'");
        return Main.FAILED;
      }
      spec.commandLine().getOut().println("revoked " + name);
      return Main.FINE;
    }
  }
}
