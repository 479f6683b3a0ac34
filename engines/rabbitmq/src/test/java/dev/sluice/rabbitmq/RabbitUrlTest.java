package dev.sluice.rabbitmq;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;

final class RabbitUrlTest {
  @Test
  void defaultsAreThoseOfTheBroker() {
    assertThat(RabbitUrl.parse("amqp://broker"))
        .isEqualTo(
            new RabbitUrl(false, "broker", 5672, "guest", "guest", "/", "sluice.", false, null));
    assertThat(RabbitUrl.parse("amqps://broker/").port()).isEqualTo(5671);
  }

  @Test
  void everythingCanBeSaid() {
    assertThat(
            RabbitUrl.parse(
                "amqps://me:p%40ss+1@[::1]:99/a%2Fb?keys=carry&prefix=x-1.&ca=%2Fa%20b/ca.pem"))
        .isEqualTo(
            new RabbitUrl(
                true, "[::1]", 99, "me", "p@ss+1", "a/b", "x-1.", true, Path.of("/a b/ca.pem")));
  }

  @Test
  void noTextFormHoldsThePassword() {
    RabbitUrl url = RabbitUrl.parse("amqp://me:secret@broker:99/shop");

    assertThat(url).hasToString("amqp://broker:99/shop");
  }

  @Test
  void whatIsWrongIsSaidWithoutThePassword() {
    refused("amqp:/me:secret@", "host");
    refused("amqp://me:secret@host:99 9/", "form");
    refused("http://me:secret@host", "amqp or amqps");
    refused("amqp://me:secret@host:0", "port");
    refused("amqp://me:secret@host/a/b", "%2F");
    refused("amqp://me:secret@host/?keys=unique", "carry or refuse");
    refused("amqp://me:secret@host/?prefix=", "prefix");
    refused("amqp://me:secret@host/?prefix=a%20b", "prefix");
    refused("amqp://me:secret@host/?color=red", "ca, keys, prefix");
    refused("amqps://me:secret@host/?ca=", "path of a file");
    refused("amqps://me:secret@host/?ca=a%00b", "path of a file");
    refused("amqp://me:secret@host/?ca=/ca.pem", "left out with amqp");
    refused("amqp://me:secret@host/#x", "#");
    refused("amqp://me:sec%zzret@host/", "form");
    refused("amqp://me:12/sec@host/", "'@' behind the host");
    refused("amqp://me:12?sec@host/", "'@' behind the host");
  }

  private static void refused(String url, String rule) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> RabbitUrl.parse(url))
        .withMessageStartingWith("engine: ")
        .withMessageContaining(rule)
        .satisfies(refusal -> assertThat(refusal.getMessage()).doesNotContain("sec"));
  }
}
