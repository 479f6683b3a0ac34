package dev.sluice;

/// What a close did with the jobs that were running.
///
/// Threading: immutable.
///
/// @param finished attempts that ended by themselves while the close waited
/// @param released attempts that were interrupted and given back; they do not count
/// @param abandoned handlers that still ran when the time was up, zombies among them, and attempts
///   whose end a broker had not recorded by then; a durable engine starts their jobs again after
///   the next open
public record CloseReport(int finished, int released, int abandoned) {
  @Override
  public String toString() {
    return "finished " + finished + ", gave back " + released + ", abandoned " + abandoned;
  }
}
