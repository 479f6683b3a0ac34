package dev.sluice.rabbitmq;

import com.rabbitmq.client.BuiltinExchangeType;
import com.rabbitmq.client.Channel;
import java.io.IOException;
import java.util.Map;

/// A channel on which queues and exchanges are declared, all of them durable, each call watched by
/// itself.
///
/// Threading: as the channel.
record Declaring(Link link, Channel channel) {
  void queue(String name, Map<String, Object> arguments) throws IOException {
    var _ = link.call(() -> channel.queueDeclare(name, true, false, false, arguments));
  }

  void exchange(String name, BuiltinExchangeType type, Map<String, Object> arguments)
      throws IOException {
    var _ = link.call(() -> channel.exchangeDeclare(name, type, true, false, arguments));
  }

  void bindQueue(String queue, String exchange, String key) throws IOException {
    var _ = link.call(() -> channel.queueBind(queue, exchange, key));
  }

  void bindExchange(String to, String from, String key) throws IOException {
    var _ = link.call(() -> channel.exchangeBind(to, from, key));
  }
}
