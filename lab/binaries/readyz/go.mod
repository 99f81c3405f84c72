module lab.local/readyz

go 1.22
