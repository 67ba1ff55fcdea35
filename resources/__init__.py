"""Data that ships with Splatime: shaders, the sample project. A package, so that an installed wheel finds it."""
