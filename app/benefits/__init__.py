"""The benefits register: what pilots brought, of which kind, and how sure that is."""
