package dev.sluice.server;

import dev.sluice.job.Job;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Map;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.util.RawValue;

/// How a job's payload is shown in JSON: as it came when it is JSON, else as Base64. Jobs may have
/// been enqueued by other ways than HTTP, so what it is has to be looked at.
///
/// Threading: stateless.
final class Payloads {
  private static final String BYTE_ORDER_MARK = "\ufeff";

  private Payloads() {}

  /// Adds `payload`, or `payloadBase64` with `contentType`.
  static void put(Job job, JsonMapper mapper, Map<String, Object> json) {
    byte[] payload = job.payload();
    String contentType = job.options().headers().get(RawJob.CONTENT_TYPE);
    if (contentType == null && payload.length == 0) {
      return;
    }
    String text = contentType == null ? text(payload, mapper) : "";
    if (!text.isEmpty()) {
      json.put("payload", new RawValue(text));
      return;
    }
    json.put("payloadBase64", Base64.getEncoder().encodeToString(payload));
    if (contentType != null) {
      json.put("contentType", contentType);
    }
  }

  /// The payload as text when it is one JSON value; else nothing.
  private static String text(byte[] payload, JsonMapper mapper) {
    String text;
    try {
      // Before it is parsed: a parser of bytes takes UTF-16 and a byte order mark too, and neither
      // can stand in the middle of an answer.
      text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(payload)).toString();
    } catch (CharacterCodingException none) {
      return "";
    }
    if (text.startsWith(BYTE_ORDER_MARK)) {
      return "";
    }
    try (JsonParser parser = mapper.createParser(text)) {
      parser.nextToken();
      parser.skipChildren();
      parser.finishToken();
      return parser.nextToken() == null ? text : "";
    } catch (JacksonException none) {
      return "";
    }
  }
}
