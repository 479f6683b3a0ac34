package dev.sluice.app;

import dev.sluice.app.config.ConfigException;
import dev.sluice.app.config.Configuration;
import dev.sluice.app.config.Configuration.Flag;
import dev.sluice.engine.Environment;
import dev.sluice.server.BadField;
import dev.sluice.server.Tokens;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// The flags of every command that reads the server's configuration.
///
/// Threading: confined to the main thread.
final class ConfigOptions {
  @SuppressWarnings("NullAway.Init") // picocli sets it
  @Spec(Spec.Target.MIXEE)
  private CommandSpec spec;

  @Option(
      names = "--config",
      paramLabel = "FILE",
      description =
          "The configuration, YAML; else $SLUICE_CONFIG, else sluice.yaml here if it is there.")
  private @Nullable Path config;

  @Option(
      names = "--data",
      paramLabel = "DIR",
      description = "Folder for jobs, tokens and the audit log.")
  private @Nullable String data;

  /// Reads the configuration.
  ///
  /// @param more flags of the command
  /// @throws ParameterException when it breaks a rule
  Configuration load(List<Flag> more) {
    List<Flag> flags = new ArrayList<>(more);
    if (data != null) {
      flags.add(Flag.of("data", "--data", data));
    }
    try {
      return Configuration.load(file(), System.getenv(), flags);
    } catch (ConfigException bad) {
      throw bad(bad);
    }
  }

  private Optional<Path> file() {
    if (config != null) {
      return Optional.of(config);
    }
    String variable = System.getenv("SLUICE_CONFIG");
    if (variable != null && !variable.isBlank()) {
      return Optional.of(Path.of(variable));
    }
    Path here = Path.of(Configuration.FILE);
    return Files.exists(here) ? Optional.of(here) : Optional.empty();
  }

  /// Looks at what a start would find wrong beside what stands in the configuration itself: what it
  /// names elsewhere.
  ///
  /// @throws ParameterException when something breaks a rule
  void check(Configuration configuration) {
    try {
      configuration.server().check();
    } catch (BadField bad) {
      throw bad(configuration.complaint(bad));
    }
  }

  /// Looks whether strangers could reach the server without a token or encryption.
  ///
  /// @throws ParameterException when they could
  /// @throws dev.sluice.job.SluiceException when the tokens cannot be read
  void checkReach(Configuration configuration) {
    Tokens tokens = Tokens.in(folder(configuration), Environment.system().clock());
    Optional<String> refusal;
    try {
      refusal = configuration.server().refusal(tokens.isOpen());
    } catch (IllegalArgumentException unknownHost) {
      refusal = Optional.of(String.valueOf(unknownHost.getMessage()));
    }
    refusal.ifPresent(sentence -> {
      // It begins with the key.
      String[] parts = sentence.split(": ", 2);
      throw bad(configuration.complaint("http." + parts[0], parts[1]));
    });
  }

  /// The same, as bad usage of this command.
  ParameterException bad(RuntimeException bad) {
    return new ParameterException(spec.commandLine(), bad.getMessage(), bad);
  }

  /// The folder for all data.
  static Path folder(Configuration configuration) {
    return configuration.data().orElseGet(EngineConfig::dataFolder);
  }

  /// The engine of a configuration.
  ///
  /// @throws ParameterException when there is none of that URL, or it cannot do what is wanted
  EngineConfig engine(Configuration configuration) {
    EngineConfig engine = parsed(configuration);
    if (!engine.isRemembering() && configuration.server().queues().autoCreate().isPresent()) {
      throw bad(
          configuration.complaint(
              "queues.auto-create",
              "this engine cannot keep queues that are made on the way; name them here instead"));
    }
    return engine;
  }

  private EngineConfig parsed(Configuration configuration) {
    try {
      return EngineConfig.parse(configuration.engine(), folder(configuration).resolve("sluice.db"));
    } catch (IllegalArgumentException bad) {
      throw bad(configuration.complaint("engine", EngineConfig.rule(configuration.engine(), bad)));
    }
  }
}
