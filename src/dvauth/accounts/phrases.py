"""What Vietnamese people write when they are asked for a password: zxcvbn's lists know English only.

Without marks and in small letters; a line is a phrase, which may be written together or apart.
"""

COMMON = """
mat khau cua toi
mat khau moi
mat khau
khong co mat khau
quen mat khau
dang nhap
tai khoan
quan tri vien
quan tri
nguoi dung
anh yeu em nhieu lam
anh yeu em
em yeu anh
toi yeu em
toi yeu viet nam
yeu em mai mai
yeu anh mai mai
yeu em
yeu anh
anh nho em
em nho anh
vo yeu
con yeu
me yeu
bo me
gia dinh toi
gia dinh
tinh yeu
hanh phuc
cuoc song
xin chao
chao ban
cam on
chuc mung nam moi
chuc mung
may man
khong biet
viet nam vo dich
viet nam
ha noi
sai gon
ho chi minh
da nang
hai phong
can tho
cong ty
van phong
uy ban nhan dan
ubnd
mot hai ba bon nam sau bay tam chin muoi
mot hai ba bon nam sau
mot hai ba bon nam
mot hai ba
mot con vit xoe ra hai cai canh
mot con vit xoe ra canh
mot con vit
con meo ma treo cay cau
con meo treo cay cau
cong hoa xa hoi chu nghia viet nam
doc lap tu do hanh phuc
khong co gi quy hon doc lap tu do
""".strip().splitlines()
