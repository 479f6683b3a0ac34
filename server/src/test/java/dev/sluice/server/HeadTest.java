package dev.sluice.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.helidon.http.Method;
import java.io.IOException;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;

/// HEAD, on a connection that goes on: a body would be taken for the next answer.
@Timeout(value = 120, threadMode = ThreadMode.SEPARATE_THREAD)
final class HeadTest {
  private static final Pattern LENGTH = Pattern.compile("content-length: (\\d+)");

  private static String head(RawClient client, String method, String path) throws IOException {
    client.send(method + " " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
    String head = client.readUntil("\r\n\r\n").toLowerCase(Locale.ROOT);
    assertThat(head).as(method + " " + path).startsWith("http/1.1 ");
    return head;
  }

  @Test
  void whateverAnswersGetAnswersHeadWithoutABody() throws IOException {
    try (HttpProbe probe = HttpProbe.start();
        RawClient client = new RawClient(probe.port())) {
      for (Route route : probe.server().routes()) {
        if (!route.method().equals(Method.GET)) {
          continue;
        }
        String path = route.path().replace("{queue}", "mail").replaceAll("\\{[^}]*}", "none");
        String answer = head(client, "HEAD", path);
        boolean named = path.endsWith("none");
        assertThat(answer).as(path).startsWith(named ? "http/1.1 404" : "http/1.1 200");
        if (!path.equals("/v1/events")) {
          Matcher length = LENGTH.matcher(answer);
          assertThat(length.find()).as(answer).isTrue();
          assertThat(Integer.parseInt(length.group(1))).as(path).isPositive();
        }
      }
      assertThat(head(client, "HEAD", "/v1/jobs?nonsense=1")).startsWith("http/1.1 422");
      assertThat(head(client, "HEAD", "/v1/jobs:retry")).startsWith("http/1.1 405");
      assertThat(head(client, "DELETE", "/v1/jobs")).contains("allow: get, head\r\n");
    }
  }

  @Test
  void theHeadersAreThoseOfGet() throws IOException {
    try (HttpProbe probe = HttpProbe.start();
        RawClient client = new RawClient(probe.port());
        RawClient other = new RawClient(probe.port())) {
      for (String path : new String[] {"/health/live", "/openapi.yaml", "/v1/queues", "/none"}) {
        String get = head(other, "GET", path);
        Matcher length = LENGTH.matcher(get);
        assertThat(length.find()).isTrue();
        other.readBytes(Integer.parseInt(length.group(1)));
        assertThat(head(client, "HEAD", path).replaceAll("date: .*", ""))
            .isEqualTo(get.replaceAll("date: .*", ""));
      }
    }
  }
}
