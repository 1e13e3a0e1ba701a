// Which letters are in view: a window over all sequences, since those of one run are often aligned.

const CLOSEST = 8; // letters of the narrowest window

export class View {
  start = 0;
  span: number;

  constructor(readonly letters: number) {
    this.span = letters;
  }

  // Zoom by a factor about a letter that stays where it is.
  zoom(factor: number, about: number): void {
    const span = Math.min(this.letters, Math.max(Math.min(CLOSEST, this.letters), this.span * factor));
    const share = (about - this.start) / this.span;
    this.span = span;
    this.move(about - share * span - this.start);
  }

  move(letters: number): void {
    this.start = Math.min(this.letters - this.span, Math.max(0, this.start + letters));
  }

  all(): void {
    this.start = 0;
    this.span = this.letters;
  }

  // Have a letter in view.
  reveal(letter: number): void {
    if (letter < this.start) this.move(letter - this.start);
    else if (letter + 1 > this.start + this.span) this.move(letter + 1 - this.start - this.span);
  }
}
