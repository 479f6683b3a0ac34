package dev.sluice.sqs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.net.URI;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Engine URLs, and the names of queues.
final class AddressTest {

  @Test
  void theShortestUrlHasDefaults() {
    assertThat(Address.parse("sqs:eu-central-1"))
        .isEqualTo(new Address("eu-central-1", null, "sluice-", false, false, 1_048_576));
  }

  @Test
  void everyOptionIsRead() {
    assertThat(
            Address.parse(
                "sqs:us-east-1?endpoint=http%3A%2F%2Flocalhost:9324&prefix=a_b-&fifo=true"
                    + "&max-bytes=262144"))
        .isEqualTo(
            new Address(
                "us-east-1", URI.create("http://localhost:9324"), "a_b-", true, true, 262_144));
    assertThat(Address.parse("sqs:us-east-1?keys=carry").carriesKeys()).isTrue();
    assertThat(Address.parse("sqs:us-east-1?prefix=").prefix()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          sqs                                    | must be of the form sqs:REGION
          sqs:                                   | the region '' must be
          sqs:EU                                 | the region 'EU' must be
          sqs:u:p@eu-central-1                   | the region must be an AWS region
          sqs:eu-central-1?fifo                  | must be written name=value
          sqs:eu-central-1?fifo=yes              | must be fifo=true or =false
          sqs:eu-central-1?fifo=true&fifo=true   | is given twice
          sqs:eu-central-1?fifo=true&keys=refuse | does not go with fifo=true
          sqs:eu-central-1?speed=9               | the option 'speed' must be one of
          sqs:eu-central-1?prefix=a.b            | the prefix 'a.b' must be
          sqs:eu-central-1?endpoint=ftp://x      | the endpoint must be http:// or https://
          sqs:eu-central-1?endpoint=http://u:p@x | must not hold a user or password
          sqs:eu-central-1?max-bytes=5           | must be 65536 to 1048576
          sqs:eu-central-1?max-bytes=x           | must be 65536 to 1048576
          sqs:eu-central-1?prefix=%zz            | has a broken %-escape
          """)
  void whatIsWrongIsOneSentence(String url, String sentence) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Address.parse(url))
        .withMessageContaining(sentence)
        .satisfies(thrown -> assertThat(thrown.getMessage()).doesNotContain("u:p"));
  }

  @Test
  void namesOfQueuesAreApartAndCanBeReadBack() {
    List<String> queues =
        List.of(
            "a",
            "a.b",
            "a_b",
            "a-b",
            "a_-b",
            "a_.b",
            "a__b",
            "a._b",
            "a.-b",
            "a_",
            "a.",
            "a..",
            "a_.",
            "a.dead",
            "a__",
            "_",
            ".",
            "a___b",
            "mail.v2_x-1");
    for (String options : List.of("", "?fifo=true", "?prefix=")) {
      Address address = Address.parse("sqs:eu-central-1" + options);
      Map<String, String> seen = new HashMap<>();
      for (String queue : queues) {
        QueueNames names = QueueNames.of(address, queue);
        assertThat(seen.put(names.main(), queue)).as(names.main()).isNull();
        assertThat(seen.put(names.dead(), queue)).as(names.dead()).isNull();
        assertThat(QueueNames.queueOf(address, names.main())).contains(queue);
        assertThat(QueueNames.queueOf(address, names.dead())).isEmpty();
        assertThat(names.dead()).matches("[A-Za-z0-9_-]+(\\.fifo)?");
      }
    }
  }

  @Test
  void aPlainNameStaysPlain() {
    assertThat(QueueNames.of(Address.parse("sqs:eu-central-1"), "send_mail-2"))
        .isEqualTo(new QueueNames("send_mail-2", "sluice-send_mail-2", "sluice-send_mail-2-dead"));
    assertThat(QueueNames.of(Address.parse("sqs:eu-central-1?fifo=true"), "a.b").dead())
        .isEqualTo("sluice-a_-b-dead.fifo");
  }

  @Test
  void aNameThatDoesNotFitIsRefused() {
    Address address = Address.parse("sqs:eu-central-1");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> QueueNames.of(address, "x".repeat(69)))
        .withMessageContaining("whose name of 81 characters must be at most 80");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> QueueNames.of(address, "mail-dead"))
        .withMessageContaining("must not end with -dead");
  }
}
