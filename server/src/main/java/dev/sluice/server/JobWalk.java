package dev.sluice.server;

import dev.sluice.Sluice;
import dev.sluice.engine.Inspectable;
import dev.sluice.job.JobId;
import dev.sluice.job.JobState;
import dev.sluice.job.JobView;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// A walk over the jobs of some queues in some states, in bounded steps: queue by queue, state by
/// state, and from a cursor on.
///
/// Threading: confined to the request's thread.
final class JobWalk {
  /// Most rows that one request looks at.
  static final int MOST_ROWS = 10_000;

  /// Payload bytes after which a page ends.
  private static final long MOST_BYTES = 4 << 20;

  private static final int MOST_PAGES = 500;
  private static final int PAGE = 100;

  private final Sluice sluice;
  private final List<String> queues;
  private final List<JobState> states;
  private final JobFilter filter;
  private Place place;

  /// Whether something was left out that no cursor leads to.
  private boolean cut;

  /// Where the walk stands.
  ///
  /// @param cursor the engine's own; null at the beginning of a queue's state
  private record Place(String queue, JobState state, @Nullable String cursor) {
    String text() {
      String plain = queue + "|" + state + "|" + (cursor == null ? "" : cursor);
      return Base64.getUrlEncoder()
          .withoutPadding()
          .encodeToString(plain.getBytes(StandardCharsets.UTF_8));
    }
  }

  /// A page.
  ///
  /// @param next the cursor of the page after it; null at the end
  record Found(List<JobView> jobs, @Nullable String next) {}

  /// The same, with ids.
  ///
  /// @param more whether there may be more: without a `next` they are the first ones when those of
  ///   this page are gone
  record Ids(Set<JobId> ids, @Nullable String next, boolean more) {}

  /// @param queues at least one, sorted
  /// @param states at least one, in order
  /// @param cursor the `next` of an earlier page; null to begin
  /// @throws BadField when the cursor is none, or of another walk
  JobWalk(
      Sluice sluice,
      List<String> queues,
      List<JobState> states,
      JobFilter filter,
      @Nullable String cursor) {
    this.sluice = sluice;
    this.queues = queues;
    this.states = states;
    this.filter = filter;
    place =
        cursor == null ? new Place(queues.getFirst(), states.getFirst(), null) : placeOf(cursor);
  }

  private Place placeOf(String cursor) {
    try {
      byte[] plain = Base64.getUrlDecoder().decode(cursor);
      String[] parts = new String(plain, StandardCharsets.UTF_8).split("\\|", 3);
      if (parts.length == 3 && states.contains(JobState.valueOf(parts[1]))) {
        // A queue may have gone since; the walk goes on with the one that would follow it.
        return new Place(
            parts[0], JobState.valueOf(parts[1]), parts[2].isEmpty() ? null : parts[2]);
      }
    } catch (IllegalArgumentException none) {
      throw badCursor();
    }
    throw badCursor();
  }

  private static BadField badCursor() {
    return new BadField("?cursor", "must be the 'next' of an earlier answer to the same filter");
  }

  /// Goes on until so many jobs were found that match, or enough was looked at.
  Found next(int limit) {
    List<JobView> found = new ArrayList<>();
    String next = walk(limit, MOST_BYTES, found::add);
    return new Found(found, next);
  }

  /// As [#next], but keeps ids only, so that payloads do not count.
  Ids ids(int limit) {
    Set<JobId> found = new LinkedHashSet<>();
    String next = walk(limit, Long.MAX_VALUE, view -> found.add(view.id()));
    return new Ids(found, next, next != null || cut);
  }

  private @Nullable String walk(int limit, long mostBytes, Consumer<JobView> taker) {
    long bytes = 0;
    int found = 0;
    int rows = 0;
    for (int pages = 0; pages < MOST_PAGES; pages++) {
      if (found >= limit || rows >= MOST_ROWS || bytes >= mostBytes) {
        return place.text();
      }
      // One look is all that a broker has, however little is asked of it.
      int most = sluice.canFind() ? Math.min(PAGE, limit - found) : Inspectable.MAX_PAGE;
      Inspectable.Page page = page(most);
      rows += page.jobs().size();
      cut |= page.next() == null && page.jobs().size() == Inspectable.MAX_PAGE;
      for (JobView view : page.jobs()) {
        if (found == limit) {
          cut = true;
          break;
        }
        bytes += view.job().bytes();
        if (filter.matches(view.job())) {
          found++;
          taker.accept(view);
        }
      }
      Place following = following(page.next());
      if (following == null) {
        return null;
      }
      place = following;
    }
    return place.text();
  }

  private Inspectable.Page page(int limit) {
    try {
      return queues.contains(place.queue)
          ? sluice.list(place.queue, place.state, limit, place.cursor)
          : new Inspectable.Page(List.of(), null);
    } catch (IllegalArgumentException bad) {
      throw badCursor();
    }
  }

  private @Nullable Place following(@Nullable String cursor) {
    if (cursor != null) {
      return new Place(place.queue, place.state, cursor);
    }
    int state = states.indexOf(place.state);
    if (queues.contains(place.queue) && state + 1 < states.size()) {
      return new Place(place.queue, states.get(state + 1), null);
    }
    return queues.stream()
        .filter(queue -> queue.compareTo(place.queue) > 0)
        .findFirst()
        .map(queue -> new Place(queue, states.getFirst(), null))
        .orElse(null);
  }
}
