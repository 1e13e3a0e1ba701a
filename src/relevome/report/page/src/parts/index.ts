// The parts of the page by kind of result, as relevome.report.html.parts has them: one file each.

import type { Letters } from "../data/content";
import { called_sites } from "./called_sites";
import { comparison } from "./comparison";
import { evaluation } from "./evaluation";
import { genome } from "./genome";
import { heads_by_attention } from "./heads_by_attention";
import { heads_by_relevance } from "./heads_by_relevance";
import { motifs } from "./motifs";
import { pairs } from "./pairs";
import { profile } from "./profile";
import { substitution } from "./substitution";
import { variants } from "./variants";
import type { PageTools } from "../tools";

// ``name`` tells the part from others of its kind.
export type Part = (content: any, letters: Letters, tools: PageTools, name: string) => (HTMLElement | null)[];

export const parts: Record<string, Part> = {
  called_sites, comparison, evaluation, genome, heads_by_attention, heads_by_relevance, motifs, pairs, profile,
  substitution, variants,
};
