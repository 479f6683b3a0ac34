package dev.sluice.memory;

import org.jspecify.annotations.Nullable;

/// Jobs one behind the other, linked through the nodes themselves, so that joining, leaving from
/// anywhere and counting cost no search and no allocation.
///
/// Threading: confined to the lock of the engine.
final class Line {
  @Nullable JobNode head;
  @Nullable JobNode tail;
  long size;
  long bytes;

  /// The newest place given out, where jobs join by place.
  long newestPosition;

  /// The job that came back last: a batch that comes back in order is put in without searching.
  private @Nullable JobNode returned;

  void append(JobNode node) {
    link(tail, node, null);
  }

  /// Puts a job back where its position says; jobs that come back are nearly always older than all
  /// that wait.
  void putBack(JobNode node) {
    JobNode hint = returned;
    JobNode before = hint != null && hint.position < node.position ? hint : null;
    JobNode after = before == null ? head : before.next;
    while (after != null && after.position < node.position) {
      before = after;
      after = after.next;
    }
    link(before, node, after);
    returned = node;
  }

  void remove(JobNode node) {
    JobNode before = node.previous;
    JobNode after = node.next;
    if (before == null) {
      head = after;
    } else {
      before.next = after;
    }
    if (after == null) {
      tail = before;
    } else {
      after.previous = before;
    }
    node.previous = null;
    node.next = null;
    if (returned == node) {
      returned = null;
    }
    size--;
    bytes -= node.job.bytes();
  }

  private void link(@Nullable JobNode before, JobNode node, @Nullable JobNode after) {
    node.previous = before;
    node.next = after;
    if (before == null) {
      head = node;
    } else {
      before.next = node;
    }
    if (after == null) {
      tail = node;
    } else {
      after.previous = node;
    }
    size++;
    bytes += node.job.bytes();
  }

  /// The first job behind `position`, found from the front.
  @Nullable JobNode firstAfter(long position) {
    JobNode node = head;
    while (node != null && node.position <= position) {
      node = node.next;
    }
    return node;
  }
}
