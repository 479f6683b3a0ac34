/// The server: jobs over HTTP for any language. Names no engine.
// Bucket4j and Micrometer have automatic module names and no descriptors.
@SuppressWarnings({"requires-automatic", "module"})
@org.jspecify.annotations.NullMarked
module dev.sluice.server {
  requires transitive dev.sluice;
  requires dev.sluice.cron;
  requires transitive dev.sluice.webhook;
  requires io.github.bucket4j.core;
  requires io.helidon.common.buffers;
  requires io.helidon.common.concurrency.limits;
  requires io.helidon.common.socket;
  requires io.helidon.common.tls;
  requires micrometer.core;
  requires micrometer.registry.prometheus;
  requires io.helidon.common.uri;
  requires io.helidon.http;
  requires io.helidon.http.media;
  requires io.helidon.webserver;
  requires static org.jspecify;
  requires tools.jackson.core;
  requires transitive tools.jackson.databind;

  exports dev.sluice.server;
}
