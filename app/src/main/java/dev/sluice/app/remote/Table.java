package dev.sluice.app.remote;

import dev.sluice.app.remote.Ink.Tone;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// Rows whose cells stand below each other. The last column is cut when the lines are too long.
///
/// Threading: confined to one thread.
public final class Table {
  private static final String GAP = "  ";

  /// Where a cell's text stands in its column.
  enum Side {
    LEFT,
    RIGHT
  }

  /// A column.
  record Column(String title, Side side) {
    static Column left(String title) {
      return new Column(title, Side.LEFT);
    }

    static Column right(String title) {
      return new Column(title, Side.RIGHT);
    }
  }

  /// A text and how it is shown; texts from elsewhere are made harmless.
  record Cell(String text, Tone tone) {
    Cell {
      text = Harmless.line(text);
    }

    static Cell of(String text) {
      return new Cell(text, Tone.PLAIN);
    }

    static Cell of(long number) {
      return of(Numbers.grouped(number));
    }
  }

  private final List<Column> columns;
  private final List<List<Cell>> rows = new ArrayList<>();

  Table(Column... columns) {
    this.columns = List.of(columns);
  }

  /// Rows of plain texts below their titles, each column as wide as it must be.
  public static List<String> plain(List<String> titles, List<List<String>> rows) {
    Table table = new Table(titles.stream().map(Column::left).toArray(Column[]::new));
    rows.forEach(row -> table.row(row.stream().map(Cell::of).toArray(Cell[]::new)));
    return table.lines(new Ink(false), 0);
  }

  void row(Cell... cells) {
    if (cells.length != columns.size()) {
      throw new IllegalArgumentException(
          "cells: " + cells.length + " must be as many as columns, " + columns.size());
    }
    rows.add(Arrays.asList(cells));
  }

  /// The lines.
  ///
  /// @param width how many columns the terminal has; 0 cuts nothing
  List<String> lines(Ink ink, int width) {
    int[] widths = new int[columns.size()];
    for (int i = 0; i < widths.length; i++) {
      int column = i;
      widths[i] =
          Math.max(
              columns.get(i).title().length(),
              rows.stream().mapToInt(row -> Columns.of(row.get(column).text())).max().orElse(0));
    }
    List<Cell> titles =
        columns.stream().map(column -> new Cell(column.title(), Tone.STRONG)).toList();
    List<String> lines = new ArrayList<>(rows.size() + 1);
    lines.add(line(titles, widths, ink, width));
    rows.forEach(row -> lines.add(line(row, widths, ink, width)));
    return lines;
  }

  private String line(List<Cell> cells, int[] widths, Ink ink, int width) {
    StringBuilder line = new StringBuilder();
    int used = 0;
    for (int i = 0; i < cells.size(); i++) {
      boolean last = i == cells.size() - 1;
      String text = cells.get(i).text();
      String shown = width > 0 ? Columns.cut(text, Math.max(0, width - used)) : text;
      String padded =
          columns.get(i).side() == Side.RIGHT
              ? Columns.right(shown, widths[i])
              : last ? shown : Columns.padded(shown, widths[i]);
      line.append(ink.paint(cells.get(i).tone(), padded));
      if (!last) {
        line.append(GAP);
      }
      used += widths[i] + GAP.length();
      if (width > 0 && used >= width) {
        break;
      }
    }
    return ink.colours() ? line.toString() : line.toString().stripTrailing();
  }
}
