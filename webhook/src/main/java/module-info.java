/// Webhooks: a job is delivered as an HTTP request, signed as Standard Webhooks says.
// The HTTP client has automatic module names and no descriptors.
@SuppressWarnings({"requires-automatic", "module"})
@org.jspecify.annotations.NullMarked
module dev.sluice.webhook {
  requires transitive dev.sluice;
  requires org.apache.httpcomponents.client5.httpclient5;
  requires org.apache.httpcomponents.core5.httpcore5;
  // The client uses these two and, being no real module, cannot ask for them.
  requires jdk.net;
  requires org.slf4j;
  requires static org.jspecify;

  exports dev.sluice.webhook;
}
