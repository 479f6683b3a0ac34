package dev.sluice.app;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// The program as a process of its own; what it prints is read line by line.
///
/// Threading: confined to one test.
final class AppProcess implements AutoCloseable {
  private static final Pattern URL = Pattern.compile("http://\\S+");

  private final Process process;
  private final BufferedReader lines;
  private final List<String> read = new ArrayList<>();

  private AppProcess(Process process) {
    this.process = process;
    this.lines =
        new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
  }

  static AppProcess start(String... args) throws IOException {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-Xmx256m",
                "-cp",
                System.getProperty("java.class.path"),
                "dev.sluice.app.Main"));
    command.addAll(List.of(args));
    return new AppProcess(new ProcessBuilder(command).redirectErrorStream(true).start());
  }

  /// Reads on until a line contains `part`; the test's time limit ends a wait in vain.
  String await(String part) throws IOException {
    String line = lines.readLine();
    while (line != null) {
      read.add(line);
      if (line.contains(part)) {
        return line;
      }
      line = lines.readLine();
    }
    throw new AssertionError("the process ended without '" + part + "': " + read);
  }

  /// Reads to the end.
  ///
  /// @return everything that was printed, the lines read before included
  List<String> awaitEnd() throws IOException {
    String line = lines.readLine();
    while (line != null) {
      read.add(line);
      line = lines.readLine();
    }
    return List.copyOf(read);
  }

  int exitCode() throws InterruptedException {
    return process.waitFor();
  }

  /// Where the demo listens.
  String url() throws IOException {
    Matcher matcher = URL.matcher(await("listens on"));
    if (!matcher.find()) {
      throw new AssertionError("no URL: " + read);
    }
    return matcher.group();
  }

  static HttpResponse<String> get(String url) throws IOException, InterruptedException {
    try (HttpClient client = HttpClient.newHttpClient()) {
      return client.send(HttpRequest.newBuilder(URI.create(url)).build(), BodyHandlers.ofString());
    }
  }

  /// `kill -9`.
  void kill() {
    process.destroyForcibly().onExit().join();
  }

  /// `kill -TERM`.
  void terminate() {
    process.destroy();
  }

  @Override
  public void close() {
    kill();
  }
}
