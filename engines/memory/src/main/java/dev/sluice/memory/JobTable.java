package dev.sluice.memory;

import dev.sluice.job.JobId;
import org.jspecify.annotations.Nullable;

/// All kept jobs by id: a hash table whose chains run through the nodes themselves, so that a job
/// costs no entry object, and whose hash follows the order in which ids are made, so that jobs of
/// one time lie side by side. Against a `HashMap` of random hashes that halves the time that the
/// engine needs for a job.
///
/// Ids are made by Sluice, so chains stay short; ids chosen to collide would only make it slow.
///
/// Threading: confined to the lock of the engine.
final class JobTable {
  private static final int LEAST = 1024;

  private @Nullable JobNode[] chains = new JobNode[LEAST];
  private int size;

  @Nullable JobNode get(JobId id) {
    JobNode node = chains[slot(id, chains.length)];
    while (node != null && !node.job.id().equals(id)) {
      node = node.nextInTable;
    }
    return node;
  }

  /// Makes room for one more node, so that [#add] needs no memory.
  void makeRoom() {
    if (size == chains.length) {
      resize(chains.length * 2);
    }
  }

  /// Adds a node whose id is not in the table, after [#makeRoom].
  void add(JobNode node) {
    link(node, chains);
    size++;
  }

  void remove(JobNode node) {
    int slot = slot(node.job.id(), chains.length);
    JobNode before = null;
    for (JobNode each = chains[slot]; each != null; each = each.nextInTable) {
      if (each == node) {
        if (before == null) {
          chains[slot] = node.nextInTable;
        } else {
          before.nextInTable = node.nextInTable;
        }
        node.nextInTable = null;
        size--;
        break;
      }
      before = each;
    }
    // A quarter of the way down, so that growing and shrinking never take turns.
    if (chains.length > LEAST && size < chains.length / 8) {
      resize(chains.length / 2);
    }
  }

  void clear() {
    chains = new JobNode[LEAST];
    size = 0;
  }

  private void resize(int length) {
    @Nullable JobNode[] wider = new JobNode[length];
    for (JobNode head : chains) {
      JobNode node = head;
      while (node != null) {
        JobNode next = node.nextInTable;
        link(node, wider);
        node = next;
      }
    }
    chains = wider;
  }

  private static void link(JobNode node, @Nullable JobNode[] into) {
    int slot = slot(node.job.id(), into.length);
    node.nextInTable = into[slot];
    into[slot] = node;
  }

  // Milliseconds and counter added up: neighbours in either are neighbours in the table.
  private static int slot(JobId id, int length) {
    long arrival = id.arrival();
    return (int) (arrival + (arrival >>> 12)) & (length - 1);
  }
}
