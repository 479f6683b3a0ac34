package dev.sluice.server;

/// A value of a JSON or YAML document that breaks a rule.
public final class BadField extends IllegalArgumentException {
  private static final long serialVersionUID = 1L;

  private final String pointer;
  private final String rule;

  /// A complaint about one value.
  ///
  /// @param pointer where it stands, as RFC 6901 writes it; empty for the whole document
  /// @param rule what is wrong with it and what would be right, as a part of a sentence
  public BadField(String pointer, String rule) {
    super((pointer.isEmpty() ? "the document" : pointer) + ": " + rule);
    this.pointer = pointer;
    this.rule = rule;
  }

  public String pointer() {
    return pointer;
  }

  public String rule() {
    return rule;
  }

  /// What is wrong, out of a message that may begin with the name of the field.
  static String ruleOf(String field, RuntimeException complaint) {
    String message = String.valueOf(complaint.getMessage());
    return message.startsWith(field + ": ") ? message.substring(field.length() + 2) : message;
  }

  /// A name as one step of a pointer.
  static String step(String name) {
    return "/" + name.replace("~", "~0").replace("/", "~1");
  }
}
