/// The engine on RabbitMQ: jobs are messages in quorum queues.
// The client has an automatic module name and no descriptor.
@SuppressWarnings("requires-automatic")
@org.jspecify.annotations.NullMarked
module dev.sluice.rabbitmq {
  requires transitive dev.sluice;
  requires com.rabbitmq.client;
  requires static org.jspecify;

  exports dev.sluice.rabbitmq;
}
