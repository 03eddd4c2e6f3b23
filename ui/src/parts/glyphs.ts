// The small badge of a platform: its letter and colour, as data. One that is not here yet gets its first letter.
const glyphs: Record<string, { letter: string; color: string }> = {
  youtube: { letter: "Y", color: "#c9302a" },
  tiktok: { letter: "T", color: "#17191c" },
  instagram: { letter: "I", color: "#b03a86" },
  facebook: { letter: "f", color: "#3568c9" },
  threads: { letter: "@", color: "#444444" },
  x: { letter: "X", color: "#3b3f46" },
  linkedin: { letter: "in", color: "#2a6aa8" },
  vk: { letter: "V", color: "#2f6bc2" },
};

export const glyphOf = (platform: string): { letter: string; color: string } =>
  glyphs[platform] ?? { letter: platform.slice(0, 1).toUpperCase(), color: "#5b6b8c" };
