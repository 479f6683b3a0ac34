/// The engine on RabbitMQ. `RabbitEngine` is the way in; jobs are messages in quorum queues.
package dev.sluice.rabbitmq;
