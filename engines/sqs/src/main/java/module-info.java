/// The engine that keeps its jobs in queues of AWS SQS, or of a server that speaks its protocol.
// The AWS SDK has automatic module names and no descriptors.
@SuppressWarnings({"requires-automatic", "module"})
@org.jspecify.annotations.NullMarked
module dev.sluice.sqs {
  requires transitive dev.sluice;
  requires static org.jspecify;
  requires software.amazon.awssdk.auth;
  requires software.amazon.awssdk.awscore;
  requires software.amazon.awssdk.core;
  requires software.amazon.awssdk.http;
  requires software.amazon.awssdk.http.apache5;
  requires software.amazon.awssdk.regions;
  requires software.amazon.awssdk.retries.api;
  requires software.amazon.awssdk.services.sqs;
  requires software.amazon.awssdk.utils;
  // The SDK and its HTTP client use these and, being no real modules, cannot ask for them.
  requires jdk.net;
  requires org.slf4j;

  exports dev.sluice.sqs;
}
