package dev.sluice.app.remote;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;
import tools.jackson.databind.util.RawValue;

/// `sluice enqueue`: hands over one job, or a stream of them.
///
/// Threading: confined to the main thread.
@Command(
    name = "enqueue",
    description = "Hands over a job, or with --ndjson one job for each line.",
    mixinStandardHelpOptions = true,
    footer = {
      "",
      "A line of NDJSON is a job: {\"payload\": {\"to\": \"ann\"}, \"key\": \"mail-1\"}.",
      "Options are for the lines that do not say otherwise."
    })
final class EnqueueCommand implements Callable<Integer> {
  private static final int LARGEST_PAYLOAD = 64 << 20;

  @Mixin
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private ServerOptions server;

  @Mixin private JobOptions options = new JobOptions();

  @Parameters(index = "0", paramLabel = "QUEUE", description = "Where the job goes.")
  private String queue = "";

  @Parameters(
      index = "1",
      arity = "0..1",
      paramLabel = "PAYLOAD",
      description = "JSON, such as '{\"to\":\"ann\"}'. None is fine.")
  private @Nullable String payload;

  @Option(
      names = "--file",
      paramLabel = "FILE",
      description = "Holds the payload, or the lines with --ndjson; - is standard input.")
  private @Nullable String file;

  @Option(
      names = "--ndjson",
      description = "One job for each line, from standard input or the --file.")
  private boolean ndjson;

  @Option(
      names = "--give-up",
      paramLabel = "TIME",
      converter = Times.Reader.class,
      defaultValue = "60s",
      description =
          "With --ndjson: how long refused lines are tried again while none is accepted."
              + " Default: 60s.")
  private Duration giveUp = Duration.ofSeconds(60);

  @Override
  public Integer call() throws InterruptedException, IOException {
    String contradiction = options.contradiction();
    if (contradiction != null) {
      throw server.bad(contradiction);
    }
    if (payload != null && (file != null || ndjson)) {
      throw server.bad("PAYLOAD: cannot be given together with --file or --ndjson");
    }
    if (ndjson && options.hasKey()) {
      throw server.bad("key: cannot be the same for many jobs, the lines say it themselves");
    }
    try (Remote remote = server.remote()) {
      String path = "/v1/queues/" + Remote.segment(queue) + "/jobs";
      return ndjson ? many(remote, path) : one(remote, path);
    }
  }

  private int one(Remote remote, String path) throws InterruptedException, IOException {
    ObjectNode job = Json.object();
    String text = payload();
    if (text != null) {
      job.putRawValue("payload", new RawValue(text));
    }
    options.into(job);
    JsonNode answer = remote.post(path, job);
    Output output = server.output();
    if (output.json()) {
      output.json(answer);
    } else {
      output.print(sentence(answer));
    }
    return 0;
  }

  private static String sentence(JsonNode answer) {
    String id = Harmless.line(Json.text(answer, "id").orElse("?"));
    if (Json.flag(answer, "duplicate")) {
      return id + " is there already, with this key";
    }
    String state = Harmless.line(Json.text(answer, "state").orElse("accepted"));
    String position =
        answer.has("position")
            ? ", number " + Numbers.grouped(Json.number(answer, "position")) + " in line"
            : "";
    String eta =
        Json.text(answer, "eta")
            .map(at -> ", starts " + Harmless.line(Times.here().withAge(at)))
            .orElse("");
    return id + " " + state + position + eta;
  }

  /// The payload as JSON text; null when there is none.
  private @Nullable String payload() throws IOException {
    String text = file == null ? payload : whole(file);
    if (text == null) {
      return null;
    }
    try {
      Json.read(text);
      return text.strip();
    } catch (JacksonException bad) {
      String where =
          bad.getLocation() == null
              ? ""
              : " (line "
                  + bad.getLocation().getLineNr()
                  + ", column "
                  + bad.getLocation().getColumnNr()
                  + ")";
      throw wrong(
          (file == null ? "PAYLOAD:" : "file: '" + file + "'")
              + " must be JSON"
              + where
              + "; a text needs its quotes: '\"text\"'");
    }
  }

  private ParameterException wrong(String sentence) {
    return server.bad(sentence);
  }

  private String whole(String name) throws IOException {
    try (InputStream in = open(name)) {
      byte[] bytes = in.readNBytes(LARGEST_PAYLOAD + 1);
      if (bytes.length > LARGEST_PAYLOAD) {
        throw wrong("file: '" + name + "' is larger than any payload");
      }
      return new String(bytes, StandardCharsets.UTF_8);
    }
  }

  private InputStream open(String name) {
    if (name.equals("-")) {
      return server.surroundings().in();
    }
    try {
      return Files.newInputStream(Path.of(name));
    } catch (IOException failure) {
      throw wrong("file: '" + name + "' cannot be read");
    }
  }

  private int many(Remote remote, String path) throws InterruptedException, IOException {
    String name = file == null ? "-" : file;
    long size = name.equals("-") ? 0 : Files.exists(Path.of(name)) ? Files.size(Path.of(name)) : 0;
    Output output = server.output();
    try (InputStream in = open(name);
        Meter meter = new Meter(output, server.surroundings().errIsTerminal(), size)) {
      Bulk bulk = new Bulk(remote, path, options, output, meter, giveUp);
      return bulk.run(new Lines(in)) ? 0 : 1;
    }
  }
}
