package dev.sluice.rabbitmq;

import static org.assertj.core.api.Assertions.assertThat;

import com.rabbitmq.client.MissedHeartbeatException;
import com.rabbitmq.client.ShutdownSignalException;
import org.junit.jupiter.api.Test;

final class SentencesTest {
  @Test
  void aMismatchSaysWhatDiffers() {
    assertThat(
            Sentences.inWords(
                "PRECONDITION_FAILED - inequivalent arg 'x-queue-type' for queue 'sluice.mail.high'"
                    + " in vhost '/': received the value 'quorum' of type 'longstr' but current is"
                    + " the value 'classic' of type 'longstr'"))
        .isEqualTo(
            "the queue sluice.mail.high has x-queue-type 'classic' on the broker, and Sluice needs"
                + " 'quorum': delete it or use another prefix");
    assertThat(
            Sentences.inWords(
                "PRECONDITION_FAILED - inequivalent arg 'x-delivery-limit' for queue 'q' in vhost"
                    + " '/': received the value '9' of type 'signedint' but current is none"))
        .isEqualTo(
            "the queue q has x-delivery-limit none on the broker, and Sluice needs '9': delete it"
                + " or use another prefix");
  }

  @Test
  void aBrokerThatIsNotHeardIsToldApartFromAConnectionThatBroke() {
    RabbitUrl url = RabbitUrl.parse("amqp://broker");
    ShutdownSignalException broken = new ShutdownSignalException(true, false, null, null);
    assertThat(Sentences.of(broken, url)).isEqualTo("the connection broke");
    var unheard = broken.initCause(new MissedHeartbeatException("Heartbeat missing"));
    assertThat(Sentences.of(unheard, url)).isEqualTo("the broker gave no sign of life");
  }

  @Test
  void aMissingRightSaysWhich() {
    assertThat(
            Sentences.inWords(
                "ACCESS_REFUSED - configure access to queue 'sluice.mail.dead' in vhost '/' refused"
                    + " for user 'me'"))
        .startsWith(
            "the user 'me' may not configure the queue sluice.mail.dead in the virtual host /");
  }
}
