// Stands for a precompiled header that other targets reuse.
