/// The program: commands, engine URLs, the demo and the benchmark. The only module that names every
/// engine.
@org.jspecify.annotations.NullMarked
module dev.sluice.app {
  requires dev.sluice;
  requires dev.sluice.memory;
  requires dev.sluice.rabbitmq;
  requires dev.sluice.server;
  requires dev.sluice.sqlite;
  requires dev.sluice.sqs;
  requires info.picocli;
  requires io.helidon.http;
  requires io.helidon.webserver;
  requires java.logging;
  requires java.management;
  requires java.net.http;
  requires java.sql;
  requires jdk.management;
  requires jdk.unsupported;
  requires org.snakeyaml.engine;
  requires static org.jspecify;
  requires tools.jackson.databind;

  opens dev.sluice.app to
      info.picocli,
      tools.jackson.databind;
  opens dev.sluice.app.remote to
      info.picocli;
}
