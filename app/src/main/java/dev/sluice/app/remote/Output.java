package dev.sluice.app.remote;

import java.io.PrintWriter;
import java.util.concurrent.locks.ReentrantLock;
import tools.jackson.databind.JsonNode;

/// Where answers are printed: tables and sentences for people, or JSON lines for scripts.
///
/// Threading: thread-safe; lines are printed whole.
final class Output {
  private final PrintWriter out;
  private final PrintWriter err;
  private final Ink ink;
  private final int width;
  private final boolean json;
  private final ReentrantLock lock = new ReentrantLock();

  Output(PrintWriter out, PrintWriter err, Ink ink, int width, boolean json) {
    this.out = out;
    this.err = err;
    this.ink = ink;
    this.width = width;
    this.json = json;
  }

  Ink ink() {
    return ink;
  }

  /// Columns of the terminal; 0 when there is none.
  int width() {
    return width;
  }

  boolean json() {
    return json;
  }

  /// A line for people, not said in scripts' mode.
  void say(String line) {
    if (!json) {
      print(line);
    }
  }

  /// A line of the answer.
  void print(String line) {
    lock.lock();
    try {
      out.println(line);
      out.flush();
    } finally {
      lock.unlock();
    }
  }

  void print(Table table) {
    table.lines(ink, width).forEach(this::print);
  }

  void json(JsonNode node) {
    print(Harmless.json(Json.line(node)));
  }

  /// Whether nobody reads the answer any more, as behind `| head`.
  boolean isGone() {
    return out.checkError();
  }

  /// A line beside the answer.
  void note(String line) {
    lock.lock();
    try {
      err.println(Harmless.line(line));
      err.flush();
    } finally {
      lock.unlock();
    }
  }

  /// A line of somebody's command, as it is.
  void pass(String line, boolean toErr) {
    raw(line + System.lineSeparator(), toErr);
  }

  /// Raw text on the terminal: steering it, or a bar.
  void raw(String text, boolean toErr) {
    lock.lock();
    try {
      PrintWriter stream = toErr ? err : out;
      stream.print(text);
      stream.flush();
    } finally {
      lock.unlock();
    }
  }
}
