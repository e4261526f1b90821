"""Git LFS: large files of a repository, fetched from its server and put into its trees where pointers stand."""
