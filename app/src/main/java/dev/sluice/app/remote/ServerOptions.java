package dev.sluice.app.remote;

import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// Which server, as whom, and how its answers are printed: what every command of this package
/// takes.
///
/// Threading: confined to the main thread.
final class ServerOptions {
  private static final String USUAL = "http://127.0.0.1:8080";
  private static final int LONGEST_TOKEN = 4096;

  private final Surroundings surroundings;

  @SuppressWarnings("NullAway.Init") // picocli sets it
  @Spec(Spec.Target.MIXEE)
  private CommandSpec spec;

  @Option(
      names = "--server",
      paramLabel = "URL",
      description = "Where it listens. Default: SLUICE_SERVER, else " + USUAL + ".")
  private @Nullable String server;

  @Option(
      names = "--token-file",
      paramLabel = "FILE",
      description = "Holds the token. Default: SLUICE_TOKEN_FILE, else the token in SLUICE_TOKEN.")
  private @Nullable Path tokenFile;

  @Option(
      names = "--ca-file",
      paramLabel = "FILE",
      description = "Certificates (PEM) to trust instead of the system's, for an own CA.")
  private @Nullable Path caFile;

  @Option(names = "--json", description = "Print the server's JSON, one value on each line.")
  private boolean json;

  ServerOptions(Surroundings surroundings) {
    this.surroundings = surroundings;
  }

  Surroundings surroundings() {
    return surroundings;
  }

  boolean json() {
    return json;
  }

  /// Where the command's answers go.
  Output output() {
    boolean terminal = surroundings.outIsTerminal();
    boolean colours = terminal && surroundings.variable("NO_COLOR").isEmpty();
    return new Output(
        spec.commandLine().getOut(),
        spec.commandLine().getErr(),
        new Ink(colours),
        terminal ? surroundings.columns() : 0,
        json);
  }

  /// The server. Nothing is sent yet.
  ///
  /// @throws ParameterException when an option is wrong
  Remote remote() {
    try {
      return new Remote(base(), token(), Optional.ofNullable(caFile));
    } catch (IllegalArgumentException bad) {
      throw bad(String.valueOf(bad.getMessage()));
    }
  }

  /// A wrong option, as picocli tells of it.
  ParameterException bad(String sentence) {
    return new ParameterException(spec.commandLine(), sentence);
  }

  private URI base() {
    String text = server != null ? server : surroundings.variable("SLUICE_SERVER").orElse(USUAL);
    try {
      URI uri = new URI(text.strip().replaceAll("/+$", ""));
      String scheme = String.valueOf(uri.getScheme()).toLowerCase(Locale.ROOT);
      boolean whole =
          (scheme.equals("http") || scheme.equals("https"))
              && uri.getHost() != null
              && uri.getUserInfo() == null
              && uri.getQuery() == null
              && uri.getFragment() == null;
      if (whole) {
        return uri;
      }
    } catch (URISyntaxException _) {
      // The same sentence as for other texts that are no address of a server.
    }
    throw new IllegalArgumentException("server: '" + text + "' must be like " + USUAL);
  }

  private Optional<String> token() {
    Optional<Path> file =
        Optional.ofNullable(tokenFile)
            .or(() -> surroundings.variable("SLUICE_TOKEN_FILE").map(Path::of));
    return file.isPresent()
        ? Optional.of(checked(read(file.get()), "token-file: '" + file.get() + "'"))
        : surroundings.variable("SLUICE_TOKEN").map(token -> checked(token, "SLUICE_TOKEN:"));
  }

  private static String read(Path file) {
    try {
      if (Files.size(file) > LONGEST_TOKEN) {
        throw new IllegalArgumentException("token-file: '" + file + "' must hold one token");
      }
      return Files.readString(file);
    } catch (IOException failure) {
      throw new IllegalArgumentException("token-file: '" + file + "' cannot be read", failure);
    }
  }

  /// Never shows the token.
  private static String checked(String text, String whence) {
    String token = text.strip();
    if (!token.matches("[\\x21-\\x7e]{1,4096}")) {
      throw new IllegalArgumentException(whence + " must hold one token, and nothing else");
    }
    return token;
  }
}
