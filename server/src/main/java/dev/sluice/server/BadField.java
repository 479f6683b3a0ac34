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
    super((pointer.isEmpty() ? "the document" : pointer) + ": " + once(pointer, rule));
    this.pointer = pointer;
    this.rule = once(pointer, rule);
  }

  /// Rules come from checks that name the field themselves, in the way that a program or a file
  /// writes it: once is enough.
  private static String once(String pointer, String rule) {
    String last =
        pointer.substring(Math.max(pointer.lastIndexOf('/'), pointer.lastIndexOf('?')) + 1);
    for (String name : new String[] {last, Fields.dashed(last)}) {
      if (!name.isEmpty() && rule.startsWith(name + ": ")) {
        return rule.substring(name.length() + 2);
      }
    }
    // Said of the pair, whichever of the two comes second.
    return last.equals("runAt") && rule.equals("delay: cannot be combined with run-at")
        ? "cannot be combined with delay"
        : rule;
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
