"""Regular audits of what the AI wrote: drawn by chance, marked blind, counted with exact intervals."""
