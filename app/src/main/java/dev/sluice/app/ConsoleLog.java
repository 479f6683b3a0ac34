package dev.sluice.app;

import java.io.OutputStream;
import java.time.Instant;
import java.time.LocalTime;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.logging.Formatter;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.logging.StreamHandler;
import org.jspecify.annotations.Nullable;

/// The log: one compact line for each record, `HH:mm:ss.SSS LEVEL message`, of Sluice's own doings
/// and of what libraries warn about. Never a stack trace: a throwable is its own sentence.
///
/// Threading: thread-safe; [Handler] locks.
final class ConsoleLog extends StreamHandler {
  // JUL forgets a logger's level when nobody holds the logger.
  private static final Logger ROOT = Logger.getLogger("");
  private static final Logger SLUICE = Logger.getLogger("dev.sluice");
  private static final Logger HELIDON = Logger.getLogger("io.helidon");

  private ConsoleLog(OutputStream stream) {
    super(stream, new Line());
    setLevel(Level.ALL);
  }

  /// Sends the log of this process to a stream, and nowhere else.
  static void install(OutputStream stream) {
    for (Handler handler : ROOT.getHandlers()) {
      ROOT.removeHandler(handler);
    }
    ROOT.addHandler(new ConsoleLog(stream));
    ROOT.setLevel(Level.WARNING);
    SLUICE.setLevel(Level.INFO);
    // Its banner and its traces: what fails in a request or at start is told by the demo itself.
    HELIDON.setLevel(Level.OFF);
  }

  @Override
  public synchronized void publish(LogRecord record) {
    super.publish(record);
    flush();
  }

  /// Closing would close the process's own output.
  @Override
  public synchronized void close() {
    flush();
  }

  private static final class Line extends Formatter {
    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("HH:mm:ss.SSS");

    @Override
    public String format(LogRecord record) {
      Instant instant = record.getInstant();
      return TIME.format(LocalTime.ofInstant(instant, ZoneId.systemDefault()))
          + " "
          + level(record.getLevel())
          + " "
          + oneLine(formatMessage(record) + cause(record.getThrown()))
          + System.lineSeparator();
    }

    /// Keeps what strangers send from writing lines of its own, or on the whole terminal.
    private static String oneLine(String text) {
      return text.codePoints().anyMatch(Character::isISOControl)
          ? text.replaceAll("\\s*\\R\\s*", " ").replaceAll("[\\p{Cntrl}\\x{80}-\\x{9f}]", "?")
          : text;
    }

    private static String level(Level level) {
      int value = level.intValue();
      if (value >= Level.SEVERE.intValue()) {
        return "ERROR";
      }
      if (value >= Level.WARNING.intValue()) {
        return "WARN ";
      }
      return value >= Level.INFO.intValue() ? "INFO " : "DEBUG";
    }

    private static String cause(@Nullable Throwable thrown) {
      return thrown == null ? "" : ": " + thrown;
    }
  }
}
