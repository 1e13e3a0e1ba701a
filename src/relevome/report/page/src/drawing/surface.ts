// What figures are drawn on: the same calls make a canvas for the screen and PNG, and an SVG to be saved.

export interface TextStyle { size?: number; fill: string; anchor?: "start" | "middle" | "end"; bold?: boolean }

export interface Surface {
  rect(x: number, y: number, width: number, height: number, fill: string, alpha?: number): void;
  line(points: readonly (readonly [number, number])[], stroke: string, width?: number, dash?: boolean): void;
  // a line with round ends
  stroke(points: readonly (readonly [number, number])[], colour: string, width: number): void;
  area(points: readonly (readonly [number, number])[], fill: string, alpha: number): void;
  dot(x: number, y: number, radius: number, fill: string, ring?: string): void;
  text(text: string, x: number, y: number, style: TextStyle): void;
  // an outline of height 1, upwards, centred on x = 0, whose foot is put at (x, y)
  glyph(path: string, x: number, y: number, width: number, height: number, fill: string): void;
  // dots of a map, each as wide and high as there is room for
  image(dots: HTMLCanvasElement, x: number, y: number, width: number, height: number): void;
  width(text: string, style: TextStyle): number;
}

export const FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif';
const paths = new Map<string, Path2D>();
const measured = document.createElement("canvas").getContext("2d")!;

const font = (style: TextStyle) => `${style.bold ? "600 " : ""}${style.size ?? 12}px ${FONT}`;

function widthOf(text: string, style: TextStyle): number {
  measured.font = font(style);
  return measured.measureText(text).width;
}

export class CanvasSurface implements Surface {
  readonly width = widthOf;

  constructor(private readonly on: CanvasRenderingContext2D) {}

  rect(x: number, y: number, width: number, height: number, fill: string, alpha = 1): void {
    this.on.globalAlpha = alpha;
    this.on.fillStyle = fill;
    this.on.fillRect(x, y, width, height);
    this.on.globalAlpha = 1;
  }

  line(points: readonly (readonly [number, number])[], stroke: string, width = 1, dash = false): void {
    this.on.strokeStyle = stroke;
    this.on.lineWidth = width;
    this.on.setLineDash(dash ? [4, 3] : []);
    this.outline(points);
    this.on.stroke();
  }

  stroke(points: readonly (readonly [number, number])[], colour: string, width: number): void {
    this.on.lineCap = "round";
    this.line(points, colour, width);
    this.on.lineCap = "butt";
  }

  area(points: readonly (readonly [number, number])[], fill: string, alpha: number): void {
    this.on.globalAlpha = alpha;
    this.on.fillStyle = fill;
    this.outline(points);
    this.on.fill();
    this.on.globalAlpha = 1;
  }

  dot(x: number, y: number, radius: number, fill: string, ring?: string): void {
    this.on.beginPath();
    this.on.arc(x, y, radius, 0, 2 * Math.PI);
    this.on.fillStyle = fill;
    this.on.fill();
    if (!ring) return;
    this.on.strokeStyle = ring;
    this.on.lineWidth = 1.5;
    this.on.setLineDash([]);
    this.on.stroke();
  }

  text(text: string, x: number, y: number, style: TextStyle): void {
    this.on.font = font(style);
    this.on.fillStyle = style.fill;
    this.on.textAlign = style.anchor === "middle" ? "center" : style.anchor ?? "start";
    this.on.fillText(text, x, y);
  }

  glyph(path: string, x: number, y: number, width: number, height: number, fill: string): void {
    let shape = paths.get(path);
    if (!shape) paths.set(path, (shape = new Path2D(path)));
    this.on.save();
    this.on.translate(x, y);
    this.on.scale(width, -height);
    this.on.fillStyle = fill;
    this.on.fill(shape);
    this.on.restore();
  }

  image(dots: HTMLCanvasElement, x: number, y: number, width: number, height: number): void {
    this.on.imageSmoothingEnabled = false;
    this.on.drawImage(dots, x, y, width, height);
  }

  private outline(points: readonly (readonly [number, number])[]): void {
    this.on.beginPath();
    points.forEach(([x, y], i) => (i ? this.on.lineTo(x, y) : this.on.moveTo(x, y)));
  }
}

const SVG = "http://www.w3.org/2000/svg";

export class SvgSurface implements Surface {
  readonly root: SVGSVGElement;
  readonly width = widthOf;

  constructor(width: number, height: number, ground?: string) {
    this.root = document.createElementNS(SVG, "svg");
    for (const [name, value] of Object.entries({
      xmlns: SVG, width, height, viewBox: `0 0 ${width} ${height}`, "font-family": FONT,
    })) this.root.setAttribute(name, String(value));
    if (ground) this.rect(0, 0, width, height, ground);
  }

  rect(x: number, y: number, width: number, height: number, fill: string, alpha = 1): void {
    this.add("rect", { x: near(x), y: near(y), width: near(width), height: near(height), fill, "fill-opacity": alpha });
  }

  line(points: readonly (readonly [number, number])[], stroke: string, width = 1, dash = false): void {
    const d = drawn(points);
    this.add("path", { d, fill: "none", stroke, "stroke-width": width, "stroke-dasharray": dash ? "4 3" : "none" });
  }

  stroke(points: readonly (readonly [number, number])[], colour: string, width: number): void {
    this.add("path", { d: drawn(points), fill: "none", stroke: colour, "stroke-width": near(width), "stroke-linecap": "round" });
  }

  area(points: readonly (readonly [number, number])[], fill: string, alpha: number): void {
    this.add("path", { d: `${drawn(points)}Z`, fill, "fill-opacity": alpha });
  }

  dot(x: number, y: number, radius: number, fill: string, ring?: string): void {
    const stroke: Record<string, string | number> = ring ? { stroke: ring, "stroke-width": 1.5 } : {};
    this.add("circle", { cx: near(x), cy: near(y), r: radius, fill, ...stroke });
  }

  text(text: string, x: number, y: number, style: TextStyle): void {
    const made = this.add("text", {
      x: near(x), y: near(y), fill: style.fill, "font-size": style.size ?? 12, "text-anchor": style.anchor ?? "start",
      "font-weight": style.bold ? 600 : 400,
    });
    made.textContent = text;
  }

  glyph(path: string, x: number, y: number, width: number, height: number, fill: string): void {
    const transform = `translate(${near(x)} ${near(y)}) scale(${near(width)} ${near(-height)})`;
    this.add("path", { d: path, transform, fill });
  }

  image(dots: HTMLCanvasElement, x: number, y: number, width: number, height: number): void {
    this.add("image", { x: near(x), y: near(y), width: near(width), height: near(height), preserveAspectRatio: "none",
      "image-rendering": "pixelated", href: dots.toDataURL() });
  }

  private add(tag: string, attributes: Record<string, string | number>): SVGElement {
    const made = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
    this.root.append(made);
    return made;
  }
}

const near = (value: number) => Math.round(value * 100) / 100;
const drawn = (points: readonly (readonly [number, number])[]) =>
  points.map(([x, y], i) => `${i ? "L" : "M"}${near(x)} ${near(y)}`).join("");
