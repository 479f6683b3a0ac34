package dev.sluice.server;

import dev.sluice.Rate;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;

/// What is kept of a token: everything but the token.
///
/// Threading: immutable.
///
/// @param name what people and the audit log call it
/// @param sha256 the hash of the token, 64 hexadecimal digits
/// @param scopes what its bearer may do
/// @param queues the queues it is for; empty for all
/// @param expires when it ends; empty for never
/// @param rate most requests in a time, like `100/s`; empty for no limit
public record Token(
    String name,
    String sha256,
    Set<Scope> scopes,
    Optional<Set<String>> queues,
    Optional<Instant> expires,
    Optional<String> rate) {
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9._@-]{1,64}");
  private static final Pattern HASH = Pattern.compile("[0-9a-f]{64}");

  public Token {
    if (!NAME.matcher(name).matches()) {
      throw new IllegalArgumentException(
          "name: '" + name + "' must be 1 to 64 letters, digits or . _ @ -");
    }
    if (!HASH.matcher(sha256).matches()) {
      throw new IllegalArgumentException("sha256: must be 64 hexadecimal digits");
    }
    if (scopes.isEmpty()) {
      throw new IllegalArgumentException("scopes: must name at least one");
    }
    scopes = Set.copyOf(scopes);
    queues = queues.map(Set::copyOf);
    rate.ifPresent(Rate::parse);
  }

  Caller caller() {
    return new Caller(name, scopes, queues);
  }

  boolean expired(long nowMillis) {
    return expires.isPresent() && expires.get().toEpochMilli() <= nowMillis;
  }

  static Token read(JsonNode node, String pointer) {
    Fields fields = new Fields(node, pointer);
    Token token =
        new Token(
            required(fields, "name"),
            required(fields, "sha256"),
            Set.copyOf(
                fields
                    .list("scopes", Token::scope)
                    .orElseThrow(() -> new BadField(fields.at("scopes"), "must be a list"))),
            fields.list("queues", Token::text).map(Set::copyOf),
            fields.text("expires", Instant::parse),
            fields.text("rate"));
    fields.done();
    return token;
  }

  private static String required(Fields fields, String name) {
    return fields.text(name).orElseThrow(() -> new BadField(fields.at(name), "must be a text"));
  }

  private static String text(JsonNode node, String pointer) {
    if (!node.isString()) {
      throw new BadField(pointer, "must be a text");
    }
    return node.asString();
  }

  private static Scope scope(JsonNode node, String pointer) {
    return Scope.of(text(node, pointer))
        .orElseThrow(() -> new BadField(pointer, "must be a scope"));
  }

  Map<String, Object> json() {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("name", name);
    json.put("sha256", sha256);
    json.put("scopes", scopes.stream().sorted().map(Scope::text).toList());
    queues.ifPresent(some -> json.put("queues", List.copyOf(new TreeSet<>(some))));
    expires.ifPresent(end -> json.put("expires", end.toString()));
    rate.ifPresent(limit -> json.put("rate", limit));
    return json;
  }
}
