package dev.sluice.webhook;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class TargetTest {
  private static final Reach ALL =
      Reach.internet()
          .withHttp()
          .withPorts(8443)
          .withNetworks("127.0.0.0/8", "::1", "10.0.0.0/8", "fc00::/7");

  @ParameterizedTest
  @CsvSource({
    "https://Example.COM/Hook?a=B, https, example.com, 443, /Hook?a=B",
    "HTTPS://example.com, https, example.com, 443, /",
    "https://example.com., https, example.com, 443, /",
    "https://example.com?q, https, example.com, 443, /?q",
    "https://example.com:8443/, https, example.com, 8443, /",
    "http://example.com/, http, example.com, 80, /",
    "https://bücher.example/, https, xn--bcher-kva.example, 443, /",
    "https://xn--bcher-kva.example/, https, xn--bcher-kva.example, 443, /",
    "https://例え。テスト/, https, xn--r8jz45g.xn--zckzah, 443, /",
    "https://ｅｘａｍｐｌｅ．com/, https, example.com, 443, /",
    "https://example.com/a//b/../c;d=1@x?y=%20&z=/?:@, https, example.com, 443, /a//b/../c;d=1@x?y=%20&z=/?:@",
    "https://1.1.1.1/, https, 1.1.1.1, 443, /",
    "https://0x01010101/, https, 1.1.1.1, 443, /",
    "https://127.1/, https, 127.0.0.1, 443, /",
    "https://0177.0.0.1./, https, 127.0.0.1, 443, /",
    "https://2130706433/, https, 127.0.0.1, 443, /",
    "https://012.1/, https, 10.0.0.1, 443, /",
    "https://[::1]/, https, 0:0:0:0:0:0:0:1, 443, /",
    "https://[0:0::1]:8443/, https, 0:0:0:0:0:0:0:1, 8443, /",
    "https://[::ffff:127.0.0.1]/, https, 127.0.0.1, 443, /",
    "https://[2606:4700::1111]/, https, 2606:4700:0:0:0:0:0:1111, 443, /"
  })
  void areNormalised(String url, String scheme, String host, int port, String path) {
    Target target = Target.parse(url, ALL);
    assertThat(target.scheme()).isEqualTo(scheme);
    assertThat(target.host()).isEqualTo(host);
    assertThat(target.port()).isEqualTo(port);
    assertThat(target.path()).isEqualTo(path);
    boolean named = target.host().chars().anyMatch(c -> c >= 'g' && c <= 'z');
    assertThat(target.literal() == null).isEqualTo(named);
  }

  @Test
  void showThemselvesAsPeopleWriteThem() {
    assertThat(
            Stream.of(
                "https://example.com/secret",
                "https://example.com:8443/",
                "http://[::1]/",
                "https://[::1]:8443/"))
        .map(url -> Target.parse(url, ALL).toString())
        .containsExactly(
            "example.com", "example.com:8443", "[0:0:0:0:0:0:0:1]", "[0:0:0:0:0:0:0:1]:8443");
  }

  private static void assertRefused(String url, Reach reach, String message) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Target.parse(url, reach))
        .withMessage(message);
  }

  @Test
  void refusalsNameFieldValueAndRule() {
    Reach strict = Reach.internet();
    assertRefused(
        "http://example.com/", strict, "url: 'http://example.com/' must begin with https");
    assertRefused(
        "ftp://example.com/", ALL, "url: 'ftp://example.com/' must begin with https or http");
    assertRefused(
        "https://example.com:8443/",
        strict,
        "url: 'https://example.com:8443/' must have one of the ports [443]");
    assertRefused(
        "https://169.254.169.254/",
        ALL,
        "url: 'https://169.254.169.254/' must not lead to an address that is link-local"
            + " (169.254.0.0/16)");
    assertRefused(
        "https://[fe80::1%25eth0]/",
        ALL,
        "url: 'https://[fe80::1%25eth0]/' must have no zone id and no percent sign in its host");
    assertRefused(
        "https://straße.example/",
        ALL,
        "url: 'https://straße.example/' must have its host in ASCII form (xn--...)");
    assertRefused(
        "https://example.com/ü",
        ALL,
        "url: 'https://example.com/ü' must have a path in ASCII, other characters percent-encoded");
    assertRefused(
        "https://example.com/%zz",
        ALL, "url: 'https://example.com/%zz' must have a path and query as in RFC 3986");
    assertRefused(
        "https://example.com/\r\nx: y",
        ALL,
        "url: 'https://example.com/  x: y' must have no space, control character, backslash or"
            + " fragment");
  }

  @Test
  void refusalsShowNoPasswordAndNoQuery() {
    assertRefused(
        "https://user:hunter2@example.com/",
        ALL,
        "url: (not shown, it may hold a password) must have no user name or password");
    assertRefused(
        "ftp://user:hunter2@example.com/",
        ALL,
        "url: '(not shown, it may hold a password)' must begin with https or http");
    assertRefused(
        "https://example.com:1/?token=hunter2",
        ALL,
        "url: 'https://example.com:1/?...' must have one of the ports [80, 443, 8443]");
  }

  @Test
  void haveABoundedLength() {
    String longest = "https://example.com/" + "a".repeat(2048 - 20);
    assertThat(Target.parse(longest, ALL).path()).hasSize(2048 - 19);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Target.parse(longest + "a", ALL))
        .withMessageEndingWith("' must have at most 2048 characters");
  }
}
